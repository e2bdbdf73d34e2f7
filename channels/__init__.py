"""Platforms, the inbox and the outbox. Knows nothing about tickets."""
