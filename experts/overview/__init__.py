"""The requests of the team at a glance, and the thanks of a month."""
