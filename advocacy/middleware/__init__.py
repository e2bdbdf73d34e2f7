"""Middleware for every request: content security policy, body size."""
