"""What an advocate decides about a ticket: outcomes, merges, notes, assignment, priority, tags, bulk changes."""
