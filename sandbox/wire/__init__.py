"""The sandbox on the wire: requests, responses, quotas, faults, webhooks."""
