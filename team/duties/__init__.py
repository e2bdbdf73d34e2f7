"""What all duties share: whose turn it is, and how the team hears of it in Slack."""
