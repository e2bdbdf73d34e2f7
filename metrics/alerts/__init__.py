"""Alerts about the numbers: the queue is growing, or a channel has unusually many mentions."""
