"""The play queue: claims, views and their counts, list rows, paging."""
