"""Feedback to product: routed to a topic's room, followed until something became of it, told in a weekly digest."""
