"""Applications to programs: their states and decisions, reported to the CRM."""
