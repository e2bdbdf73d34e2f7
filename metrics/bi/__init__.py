"""Read-only SQL views for other tools, and the role that reads them (docs/data-out.md)."""
