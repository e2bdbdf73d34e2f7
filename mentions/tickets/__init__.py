"""Ticket states: transitions, parking, lifecycle, history, and the conversation for display."""
