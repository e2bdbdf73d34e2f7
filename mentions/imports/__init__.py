"""Undoes and redoes imports, and adds a mention by URL."""
