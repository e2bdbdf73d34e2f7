"""The only way out over HTTP: guarded addresses, time limits, size caps, typed errors.

Adapters use `client` and `oauth`; the rest is internal.
"""
