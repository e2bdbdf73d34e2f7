"""Reads the Slack channels of releases on their day, with the threads that begin on it. Slack is called outside of any
transaction; the result is then stored as a whole, so that lost runs, repeated runs and edits make no difference.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from channels import sweeps
from channels.errors import ChannelError, RateLimited
from channels.slack import api
from mentions.questions import reading as threads
from team.coverage import DAY, Span
from team.models import Release, ReleaseRoom, RoomMessage
from team.release import release_times
from team.release_room import messages, taking_in
from team.release_room.messages import Read

logger = logging.getLogger(__name__)
LATE = DAY
"""After an outage, the channel is still read until this long after the shown hours."""
THREADS_EVERY = timedelta(minutes=10)
"""How often all threads are read for edits; those with a new reply are read at once."""
MAX_THREADS = 40
"""Per read: those with new replies first; the next read continues."""
BROKEN = timedelta(minutes=10)
KEPT = timedelta(days=90)


def read_due(now: datetime) -> int:
    """Returns how many channels were read. Messages are deleted after KEPT."""
    RoomMessage.objects.filter(room__release__day__lt=(now - KEPT).date()).delete()
    if not settings.SLACK_TOKEN:
        return 0
    near = Release.objects.filter(rule__is_active=True, day__range=((now - 3 * DAY).date(), (now + 2 * DAY).date()))
    rows = near.exclude(rule__slack_channel="").select_related("rule", "room")
    due = [release for release in rows if _is_due(release, now)]
    return sweeps.each("channels of releases", due, lambda release: _read(release, now))


def _is_due(release: Release, now: datetime) -> bool:
    span = release_times.shown(release.rule, release.day)
    room = getattr(release, "room", None)
    if not span.start <= now < span.end + LATE:
        return False
    if room is None or room.name != release.rule.slack_channel:
        return True
    is_over = room.read_at is not None and room.read_at >= span.end
    return not is_over and (room.not_before is None or room.not_before <= now)


def _read(release: Release, now: datetime) -> bool:
    room, _new = ReleaseRoom.objects.get_or_create(release=release, defaults={"name": release.rule.slack_channel})
    if room.name != release.rule.slack_channel:
        _change_channel(room, release.rule.slack_channel)
    try:
        read = _ask(room, release_times.shown(release.rule, release.day), now)
    except ChannelError as error:
        logger.info("The Slack channel of release %s cannot be read: %s", release.pk, error)
        wait = timedelta(seconds=error.retry_after_s or 60) if isinstance(error, RateLimited) else BROKEN
        words = "" if isinstance(error, RateLimited) else str(error)[:500]
        ReleaseRoom.objects.filter(pk=room.pk).update(error=words or room.error, not_before=now + wait)
        return False
    taking_in.take_in(room.pk, read, now)
    return True


@transaction.atomic
def _change_channel(room: ReleaseRoom, name: str) -> None:
    """Messages from the other channel are deleted; tickets made from them stay."""
    room.messages.all().delete()
    room.name, room.slack_id, room.error, room.not_before, room.threads_at = name, "", "", None, None
    room.save(update_fields=["name", "slack_id", "error", "not_before", "threads_at"])


def _ask(room: ReleaseRoom, span: Span, now: datetime) -> Read:
    """Raises ChannelError."""
    slack_id = room.slack_id or api.channel_id(room.name)
    is_whole = room.threads_at is None or now - room.threads_at >= THREADS_EVERY or now >= span.end
    known = set(room.messages.values_list("ts", flat=True))
    roots = [found for found in map(messages.said, api.history(slack_id, *span)) if found is not None]
    unread = [root for root in roots if root.latest_reply and root.latest_reply not in known]
    others = [root for root in roots if root.latest_reply in known] if is_whole else []
    read = Read(slack_id, span.start, list(roots), is_whole=is_whole, is_partial=len(unread) > MAX_THREADS)
    for root in [*unread, *others][:MAX_THREADS]:
        replies = [found for found in map(messages.said, api.thread(slack_id, root.ts)) if found is not None]
        read.said += [reply for reply in replies if reply.ts != root.ts and reply.posted_at < span.end]
        read.threads.add(root.ts)
    new = [one for one in read.said if one.ts not in known]
    read.names = {member: _name(member) for member in {one.member for one in new} if member}
    read.workspace = api.address() if new else ""
    return read


def _name(member: str) -> str:
    """The name known to the desk, else Slack's."""
    name = threads.name_of({"user": member})
    return (api.member_name(member) or name) if name == member else name
