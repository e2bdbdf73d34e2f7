"""Ticket states: transitions, parking, time-based changes, history, the keys that find a conversation's ticket,
and the conversation for display."""
