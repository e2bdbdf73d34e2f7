"""The Slack channel of a release: read on its day, a decision for each thread, reminders for its owner."""
