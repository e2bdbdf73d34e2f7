"""Mentions by platform, and what the platforms say of their reach: views, likes, shares, comments."""
