"""What the preset puts beside the channels: lookups, and Slack rooms to share in."""
