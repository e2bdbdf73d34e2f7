"""Alerts about the numbers: the queue grows faster than it is worked, or a channel has unusually many mentions."""
