"""The sandbox on the wire: requests, responses, lists, quotas, faults, webhooks, texts."""
