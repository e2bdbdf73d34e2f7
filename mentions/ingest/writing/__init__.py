"""Writes a batch: messages, tickets, revisions, followed threads, channel health."""
