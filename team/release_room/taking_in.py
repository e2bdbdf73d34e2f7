"""Stores what was read from the Slack channel of a release: new, changed and deleted messages."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from mentions.db import locks
from mentions.models import Ticket
from mentions.triage import notes
from team.models import ReleaseRoom, RoomMessage
from team.release_room import messages
from team.release_room.messages import Read, Said

OPEN = (Ticket.Status.NEW, Ticket.Status.OPEN, Ticket.Status.PENDING)


@transaction.atomic
def take_in(room_id: int, read: Read, now: datetime) -> int:
    """Returns how many messages are new or changed. Results of an older run that arrive after a newer one are
    ignored."""
    room = ReleaseRoom.objects.select_for_update().get(pk=room_id)
    if room.read_at is not None and room.read_at > now:
        return 0
    known = {message.ts: message for message in room.messages.select_related("ticket")}
    found = {one.ts: one for one in read.said}
    changed = sum(_keep(room, read, one, known, now) for _ts, one in sorted(found.items()))
    _drop(known, found, read)
    room.slack_id, room.error, room.not_before = read.slack_id, "", None
    if not read.is_partial:  # otherwise the day isn't over until the rest is read
        room.read_at = now
        room.threads_at = now if read.is_whole else room.threads_at
    room.save(update_fields=["slack_id", "error", "read_at", "not_before", "threads_at"])
    return changed


def _keep(room: ReleaseRoom, read: Read, one: Said, known: dict[str, RoomMessage], now: datetime) -> bool:
    old = known.get(one.ts)
    if old is not None and old.text == one.text and not old.is_deleted:
        return False
    if old is not None:
        old.text, old.edited_at, old.is_deleted = one.text, now, False
        old.done_at = old.done_by = None
        _note(old, old.ticket, _("%(who)s edited this in %(room)s: %(text)s"), room, now)
        old.save(update_fields=["text", "edited_at", "is_deleted", "done_at", "done_by"])
        return True
    made = RoomMessage(
        room=room, ts=one.ts, thread_ts=one.thread_ts, text=one.text, posted_at=one.posted_at,
        who=(read.names.get(one.member) or one.member or _("somebody"))[:120],
        url=messages.permalink(read.workspace, read.slack_id, one)[:500],
    )  # fmt: skip
    root = known.get(one.thread_ts)
    _note(made, root.ticket if root else None, _("%(who)s replied in %(room)s: %(text)s"), room, now)
    made.save()
    known[one.ts] = made
    return True


def _note(message: RoomMessage, ticket: Ticket | None, words: str, room: ReleaseRoom, now: datetime) -> None:
    """If somebody works on its ticket, the change is noted there; otherwise the message is open in the list."""
    if ticket is None:
        return
    locks.share_ticket(ticket.pk)
    message.ticket = Ticket.objects.get(pk=ticket.pk)
    if message.ticket.status not in OPEN:
        return
    notes.write(message.ticket, None, words % {"who": message.who, "room": room.name, "text": message.text}, now)
    message.done_at = now


def _drop(known: dict[str, RoomMessage], found: dict[str, Said], read: Read) -> None:
    """Messages outside of threads are always read, replies only if their thread was; a release that was moved keeps
    earlier messages. Deleted messages are not kept."""
    deleted = [
        message.pk
        for ts, message in known.items()
        if ts not in found
        and message.posted_at >= read.since
        and not message.is_deleted
        and message.thread_ts in (ts, *read.threads)
    ]
    RoomMessage.objects.filter(pk__in=deleted).update(is_deleted=True, text="")
