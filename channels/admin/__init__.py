from channels.admin import connection, followed, inbox, outbox

__all__ = ["connection", "followed", "inbox", "outbox"]
