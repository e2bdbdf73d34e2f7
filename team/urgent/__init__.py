"""Urgent tickets: the team is called in Slack, by email and by pager until somebody takes it."""
