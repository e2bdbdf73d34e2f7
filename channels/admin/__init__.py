"""Django admin for connections, channels, inbox and outbox."""

from channels.admin import connection, followed, ignoring, inbox, lookup, outbox, personal

__all__ = ["connection", "followed", "ignoring", "inbox", "lookup", "outbox", "personal"]
