"""Shared by the public pages: auto-escaping elements and the page frame."""
