"""The outside world: platforms, the inbox, the outbox. Knows nothing of tickets."""
