"""Notifies the team outside the desk: Slack notices, failed deliveries, the weekly checklist, shared tickets."""
