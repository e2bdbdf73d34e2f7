"""Expertises: who owns which process of the team, when it rotates, and which tickets touch it."""
