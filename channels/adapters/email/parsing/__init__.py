"""Turns a parsed mail into a mention: thread, author, body, bounces, forwards. Pure."""
