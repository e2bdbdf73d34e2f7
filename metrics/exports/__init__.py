"""Tickets, messages and requests to experts as CSV and JSON Lines, streamed: of what the reader may see."""
