"""Mentions by tag: this period against the one before, and which tags rise."""
