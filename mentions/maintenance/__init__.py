"""One-off jobs for operators: correcting reply times, the first steps after a restore."""
