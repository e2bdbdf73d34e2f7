"""Listens to what people say in Slack: buttons they press, replies in the threads of requests."""
