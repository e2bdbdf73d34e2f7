"""Figures counted in advance, by day and channel: written from the tickets, kept fresh, checked, and read.

Whatever a roll-up says, the tickets say too (`metrics.definitions`); a nightly check compares them.
"""
