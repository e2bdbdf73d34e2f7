"""Figures counted in advance, by day and channel: written from the tickets, kept fresh, checked, and read.

Roll-ups give the same figures as the tickets (`metrics.definitions`); a nightly check compares them.
"""
