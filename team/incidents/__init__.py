"""Incidents: mentions of one outage are grouped, answered together, told when it is over; one report at the end."""
