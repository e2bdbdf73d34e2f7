"""The audit log: append-only, beneath every other floor."""
