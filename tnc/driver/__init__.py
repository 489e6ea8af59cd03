"""The pipeline. Only the driver knows the order of the rooms."""
