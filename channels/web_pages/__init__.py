"""Reads a web page that somebody linked: title, author, text, time. Never runs it."""
