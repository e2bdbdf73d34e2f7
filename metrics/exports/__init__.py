"""Tickets, messages and requests to experts as CSV and JSON Lines, streamed, limited to what the reader may see."""
