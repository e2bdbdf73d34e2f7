"""Requests to experts and their answers: by calendar month, topic, person and platform."""
