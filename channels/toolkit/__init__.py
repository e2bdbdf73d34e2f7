"""What adapters share: cursors, backfill, partial failures, text, links, quotes. Pure."""
