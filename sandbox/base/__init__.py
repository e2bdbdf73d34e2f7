"""Shared by all platforms: acts, the base class, the universe."""
