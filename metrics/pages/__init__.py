"""What the report pages read from their address, and what they show: labels, links, the overview."""
