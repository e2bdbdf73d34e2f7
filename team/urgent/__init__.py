"""Urgent tickets: the team is called in Slack, by mail and by pager until somebody takes it."""
