"""Compressed networks are tuned: layer by layer after the dense network, then as a whole."""
