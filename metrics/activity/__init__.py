"""The daily ticket activity as a report: by day, and in all beside another period."""
