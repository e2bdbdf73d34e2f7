"""The audit log: append-only, the lowest floor."""
