"""Ticket states: transitions, parking, lifecycle, history, the keys that find a conversation's ticket,
and the conversation for display."""
