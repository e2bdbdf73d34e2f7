"""The Slack Web API, shared by the Slack adapter and outgoing notices."""
