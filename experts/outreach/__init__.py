"""Asking an expert for help: requests, reminders, answers, wording."""
