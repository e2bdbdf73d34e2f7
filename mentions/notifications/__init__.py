"""What the team is told outside the desk: Slack notices, failed deliveries, the weekly checklist, shared tickets."""
