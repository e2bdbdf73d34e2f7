"""Incidents: mentions of an outage are grouped and answered together, and their authors are told when it is over."""
