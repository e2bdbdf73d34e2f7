"""Reactions in Slack: buttons people press, replies in the threads of requests."""
