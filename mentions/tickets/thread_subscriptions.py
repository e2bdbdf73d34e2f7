"""Follows and rereads threads where somebody is waiting, or about to post."""

from __future__ import annotations

from datetime import datetime, timedelta

from channels.polling import follow, rereading
from channels.registry.finding_adapters import UnknownPlatform
from mentions.models import Message, Ticket

WATCH_DAYS = 4


def watch(ticket: Ticket, now: datetime) -> None:
    """Follow the ticket's thread, so an answer there is seen even if it doesn't name us."""
    messages = Message.objects.filter(ticket=ticket).select_related("channel").defer("search")
    if message := messages.order_by("posted_at", "id").first():
        _follow(message, now)


def read_again(message: Message, now: datetime) -> None:
    """Reread the ticket's thread now, so that news there arrives before a reply's undo window ends."""
    if _follow(message, now):
        rereading.reread_soon(message.channel.connection_id, message.thread_id, now)


def _follow(message: Message, now: datetime) -> bool:
    until = now + timedelta(days=WATCH_DAYS)
    try:
        return follow.follow(message.channel.connection_id, message.namespace, message.thread_id, until, now)
    except UnknownPlatform:
        return False
