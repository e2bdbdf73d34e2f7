"""What the preset adds to the channels: lookups, and Slack channels to share in."""
