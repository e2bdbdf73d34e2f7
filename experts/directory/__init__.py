"""Experts: the directory, and who knows about a mention."""
