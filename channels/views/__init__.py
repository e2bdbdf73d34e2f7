"""Views of the channels floor: status, queries, unreadable items, public forms, webhooks."""
