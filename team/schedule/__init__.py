"""Slack posts about the schedule: tomorrow's open hours, and outages in which nothing was announced."""
