"""Text for Slack: pings by id, and the choices below a request."""
