"""Measurements: ratios of medians, measured side by side in one run, on one thread."""
