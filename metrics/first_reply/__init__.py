"""First reply times as a report: of all, of high priority, of each channel, beside another period."""
