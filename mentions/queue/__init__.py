"""The queue: claims and their expiry, views with their order and counts, list rows, paging."""
