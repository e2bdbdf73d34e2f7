"""Fixtures shared by several modules in this folder."""

from advocacy.tests.browser import chromium, living, logged_in, program, same_windows, windows, world

__all__ = ["chromium", "living", "logged_in", "program", "same_windows", "windows", "world"]
