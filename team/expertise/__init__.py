"""Expertises: who owns which of the team's processes, when they rotate, and which tickets touch them."""
