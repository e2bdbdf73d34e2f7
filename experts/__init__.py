"""Experts: the directory, and outreach to them."""
