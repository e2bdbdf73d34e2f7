"""Tickets: every mention once, in a queue, until somebody has answered it."""
