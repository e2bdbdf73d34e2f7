"""SMTP: composing a reply and sending it once."""
