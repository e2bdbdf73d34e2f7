"""Shared code of the adapters: cursors, backfill, partial failures, text, quotes. Pure."""
