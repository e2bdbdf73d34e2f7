"""Full-text search, its query language, people by name, similar tickets and their answers."""
