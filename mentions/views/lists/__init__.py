"""Pages that list: queue, search, authors, imports, unreadable and held back items, checklist."""
