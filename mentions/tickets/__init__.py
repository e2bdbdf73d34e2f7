"""Ticket states: transitions, parking, lifecycle, history, and the conversation as it is read."""
