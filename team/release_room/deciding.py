"""Decisions about a thread in the Slack channel of a release: done, a ticket, or the link to the release post."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from channels.toolkit.text import text_links
from mentions.imports import adding
from mentions.imports.adding import Added, Found
from mentions.people import access
from team.models import Release, ReleaseRoom, RoomMessage

TITLE = 80
MAX_LINK = 500


class DecidingRefused(Exception):
    """Nothing was changed; the text tells the user why."""


@dataclass(slots=True)
class Thread:
    """The first message and the replies, oldest first. `open`: how many messages nobody has decided about."""

    first: RoomMessage
    replies: list[RoomMessage]
    ticket: Any = None
    """Only if the reader may see it."""

    @property
    def messages(self) -> list[RoomMessage]:
        return [self.first, *self.replies]

    @property
    def open(self) -> int:
        return sum(message.done_at is None for message in self.messages)

    @property
    def last(self) -> str:
        """The newest message that the reader sees: a decision doesn't cover later ones."""
        return max(message.ts for message in self.messages)

    @property
    def links(self) -> list[str]:
        found = dict.fromkeys(link for message in self.messages for link in text_links(message.text))
        return [link for link in found if len(link) <= MAX_LINK]


def threads(room: ReleaseRoom, user: Any) -> list[Thread]:
    """The channel's threads: open ones first, each group oldest first; deleted messages are left out. Two queries."""
    found: dict[str, Thread] = {}
    rows = list(room.messages.filter(is_deleted=False).select_related("ticket", "done_by").order_by("ts"))
    for message in rows:
        if known := found.get(message.thread_ts):
            known.replies.append(message)
        else:
            found[message.thread_ts] = Thread(message, [])
    about = {message.ticket_id for message in rows if message.ticket_id}
    seen = access.visible_tickets(user).filter(pk__in=about).in_bulk() if about else {}
    for thread in found.values():
        thread.ticket = next((seen[m.ticket_id] for m in thread.messages if m.ticket_id in seen), None)
    return sorted(found.values(), key=lambda thread: not thread.open)


def done(room: ReleaseRoom, thread_ts: str, last: str, user: Any, now: datetime) -> int:
    """Mark this thread as done up to the last message that the reader saw; returns how many messages that settles. If
    repeated, the first decision stays."""
    rows = RoomMessage.objects.filter(room=room, thread_ts=thread_ts, ts__lte=last, done_at=None)
    return int(rows.update(done_at=now, done_by=user))


def make_ticket(room: ReleaseRoom, thread_ts: str, last: str, user: Any, now: datetime) -> Added:
    """A ticket with the text of the thread; a second click, or another way in, finds the existing one. Raises
    DecidingRefused, AddingRefused."""
    messages = list(room.messages.filter(thread_ts=thread_ts, ts__lte=last, is_deleted=False).order_by("ts"))
    channel = next(iter(adding.channels_of(user)), None)
    if not messages or not messages[0].url:
        raise DecidingRefused(_("This message was deleted in Slack, or Slack provided no link to it."))
    if channel is None:
        raise DecidingRefused(_("No channel accepts mentions added by hand. An admin can set one up."))
    first = messages[0]
    page = Found(
        url=first.url, title=f"{room.name}: {' '.join(first.text.split())[:TITLE]}", author=first.who,
        text="\n\n".join([first.text, *(f"{reply.who}: {reply.text}" for reply in messages[1:])]),
        posted_at=first.posted_at.isoformat(), channel=channel.slug,
    )  # fmt: skip
    added = adding.add(page, user, now)
    with transaction.atomic():
        RoomMessage.objects.filter(pk__in=[message.pk for message in messages]).update(ticket=added.ticket.pk)
        done(room, thread_ts, last, user, now)
    return added


def use_link(room: ReleaseRoom, thread_ts: str, link: str, user: Any) -> None:
    """Make this the release post: mentions are grouped by it from now on. Raises DecidingRefused."""
    texts = room.messages.filter(thread_ts=thread_ts, is_deleted=False).values_list("text", flat=True)
    if len(link) > MAX_LINK or not any(link in text_links(text) for text in texts):
        raise DecidingRefused(_("This link is no longer in the thread."))
    if not Release.objects.filter(pk=room.release_id, url="").update(url=link):
        raise DecidingRefused(_("The release has a link already. Change it under Details."))
