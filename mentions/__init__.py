"""Tickets: every mention once, in a queue, until it is answered."""
