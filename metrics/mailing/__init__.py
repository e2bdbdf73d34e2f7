"""Sends the monthly package and the weekly digest to those who chose them, by email and in Slack, each once."""
