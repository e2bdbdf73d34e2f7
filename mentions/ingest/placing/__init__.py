"""Finds or opens the ticket a message belongs to, and decides what is kept out."""
