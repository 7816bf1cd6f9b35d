"""A payment and shipping API with switches that make it fail."""
