"""Calendars of the team, read from their addresses: absences and shifts that are entered there appear here."""
