"""The queue: claims, views and their counts, list rows, paging."""
