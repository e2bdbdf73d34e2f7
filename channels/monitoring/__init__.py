"""Connection health: status in words, alarms, credential expiry, connection tests.

Pages use `health` and `connection_test`; tasks use `alarms` and `expiry`.
"""
