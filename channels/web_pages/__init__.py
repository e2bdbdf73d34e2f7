"""Reads a linked web page: title, author, text, time. Never executes it."""
