"""The HTTP client for all outgoing requests: guarded addresses, timeouts, size caps, typed errors.

Adapters subclass `api_client.ApiClient`; what has no API is read with `client`.
"""
