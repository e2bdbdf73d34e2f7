"""Asking experts for help."""
