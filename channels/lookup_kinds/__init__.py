"""One module per system that can be searched beside the composer."""
