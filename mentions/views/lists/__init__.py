"""Pages that list: queue, search, authors, imports, unreadable and held items, checklist."""
