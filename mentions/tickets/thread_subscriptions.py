"""Follows and rereads threads where somebody is waiting, or about to post."""

from __future__ import annotations

from datetime import datetime, timedelta

from channels.dispatch import task_after_commit
from channels.models import Followed
from channels.polling import follow
from channels.registry.lookup import UnknownPlatform
from mentions.models import Message, Ticket

WATCH_DAYS = 4


def watch(ticket: Ticket, now: datetime) -> None:
    """Follow the ticket's thread, so an answer there is seen even if it doesn't name us."""
    messages = Message.objects.filter(ticket=ticket).select_related("channel").defer("search")
    if message := messages.order_by("posted_at", "id").first():
        _follow(message, now)


def read_again(message: Message, now: datetime) -> None:
    """Reread now, so that news there arrives before a reply's undo window ends."""
    if _follow(message, now):
        connection_id = message.channel.connection_id
        Followed.objects.filter(connection_id=connection_id, thread_id=message.thread_id).update(next_at=now)
        task_after_commit("channels.refetch_thread", connection_id, message.thread_id)


def _follow(message: Message, now: datetime) -> bool:
    until = now + timedelta(days=WATCH_DAYS)
    try:
        return follow.follow(message.channel.connection_id, message.namespace, message.thread_id, until, now)
    except UnknownPlatform:
        return False
