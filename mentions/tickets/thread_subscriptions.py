"""Threads that are read again because somebody waits there, or is about to post there."""

from __future__ import annotations

from datetime import datetime, timedelta

from channels.dispatch import task_after_commit
from channels.models import Followed
from channels.polling import follow
from channels.registry.lookup import UnknownPlatform
from mentions.models import Message, Ticket

WATCH_DAYS = 4


def watch(ticket: Ticket, now: datetime) -> None:
    """An answer in the ticket's thread will be seen, also one that does not name us."""
    messages = Message.objects.filter(ticket=ticket).select_related("channel").defer("search")
    if message := messages.order_by("posted_at", "id").first():
        _follow(message, now)


def read_again(message: Message, now: datetime) -> None:
    """Now: what was said there meanwhile is here before the undo window of a reply is over."""
    if _follow(message, now):
        thread = Followed.objects.filter(connection_id=message.channel.connection_id, thread_id=message.thread_id)
        thread.update(next_at=now)
        task_after_commit("channels.refetch_followed")


def _follow(message: Message, now: datetime) -> bool:
    until = now + timedelta(days=WATCH_DAYS)
    try:
        return follow.follow(message.channel.connection_id, message.namespace, message.thread_id, until, now)
    except UnknownPlatform:
        return False
