"""Figures counted from the tickets, by the conditions in `metrics.definitions`: first reply times, daily activity."""
