"""Mentions by platform, and their reach as the platforms report it: views, likes, shares, comments."""
