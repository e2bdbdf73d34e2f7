"""Applications to programs: their states, decisions, and what the CRM is told."""
