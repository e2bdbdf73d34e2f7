"""Incidents: mentions of an outage are grouped and answered together, and their authors hear when it is over."""
