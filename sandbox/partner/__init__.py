"""A payment and shipping API with switches for the faults that real partners have."""
