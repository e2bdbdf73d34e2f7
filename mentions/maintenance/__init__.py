"""One-off work by operators: correcting reply times, the first steps after a restore."""
