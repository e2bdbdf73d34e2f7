"""Advocates for a day: when they are needed, invitations, training, their day, thanks."""
