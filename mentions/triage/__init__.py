"""An advocate's decisions on a ticket: outcomes, merges, notes, assignment, priority, tags, bulk changes."""
