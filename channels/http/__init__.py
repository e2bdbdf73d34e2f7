"""The HTTP client for all outgoing requests: guarded addresses, timeouts, size caps, typed errors.

Adapters use `client` and `oauth`; the rest is internal.
"""
