"""Fetching: scheduled polls, followed threads, incoming webhooks, pausing.

Tasks call `polling` and `follow`; `hooks` handles webhook requests.
"""
