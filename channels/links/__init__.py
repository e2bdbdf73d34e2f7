"""External URLs: which of them become links, and which are the same page. Pure."""
