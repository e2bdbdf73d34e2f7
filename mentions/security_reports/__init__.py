"""Security reports: done once they are closed on their platform, published with a checklist."""
