"""The queue: claims and their expiry, views and their counts, list rows, paging."""
