"""Finds or opens the ticket that a message belongs to, and decides what is kept out."""
