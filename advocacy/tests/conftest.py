"""Fixtures that several modules of this folder share."""

from advocacy.tests.browser import chromium, living, logged_in, program, windows, world

__all__ = ["chromium", "living", "logged_in", "program", "windows", "world"]
