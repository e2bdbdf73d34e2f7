"""Undoes and redoes imports, and adds a mention by its address."""
