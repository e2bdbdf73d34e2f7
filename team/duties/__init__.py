"""Shared by all duties: whose turn it is, and the messages to the team in Slack."""
