"""Imports the team's external calendars: their events become shifts and absences."""
