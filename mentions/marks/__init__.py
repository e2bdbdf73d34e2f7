"""Marks on people outside the team: CSV import and export, webhook, swag rules, the contributors page."""
