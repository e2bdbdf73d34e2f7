"""Experts: their directory, and requests to them."""
