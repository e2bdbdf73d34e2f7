"""Feedback to product: routed to a topic's Slack channel, tracked to its outcome, summarised in a weekly digest."""
