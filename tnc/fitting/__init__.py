"""Fit the weights of a layer to a kernel: alternating least squares on any network."""
