"""Searches beside the composer: which kinds there are, how one is configured, results found by a worker and cached."""
