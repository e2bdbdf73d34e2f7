"""Preset rows besides channels: lookups, expertises, and Slack channels to share in."""
