"""Security reports: done when they are closed on their platform, published with a checklist."""
