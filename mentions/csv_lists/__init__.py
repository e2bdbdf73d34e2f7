"""Lists of people uploaded as CSV: lines and values read, changes planned, and applied only as previewed."""
