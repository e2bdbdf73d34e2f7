"""One person's data: finding, exporting and erasing it, and retention."""
