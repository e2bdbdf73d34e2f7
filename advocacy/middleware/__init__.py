"""Middleware of every request: content security policy, size of bodies."""
