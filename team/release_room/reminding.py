"""Tells the owner of a release day what happens in its Slack channel: that the release post is out, and which messages
nobody looks at. Each message is counted once on the day, and once more in the summary (`team/release/telling.py`)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels import sweeps
from channels.links.canonical_urls import canonical
from channels.outbox import slack_posts
from channels.toolkit.text import text_links
from team.coverage import DAY
from team.duties import slack
from team.models import ReleaseRoom
from team.release import release_times, telling

WAITS = timedelta(minutes=30)
EVERY = timedelta(hours=2)


def run(now: datetime) -> int:
    """Returns how many messages were queued."""
    if not slack.is_set_up():
        return 0
    near = ReleaseRoom.objects.filter(release__day__range=((now - 2 * DAY).date(), (now + 2 * DAY).date()))
    return sweeps.each("reminders of releases", list(near.values_list("pk", flat=True)), lambda pk: _tell(pk, now))


@transaction.atomic
def _tell(room_id: int, now: datetime) -> int:
    rows = ReleaseRoom.objects.select_for_update(of=("self",)).select_related("release__rule", "release__owner")
    room = rows.get(pk=room_id)
    span = release_times.shown(room.release.rule, room.release.day)
    if not span.start <= now < span.end:
        return 0
    return _post_is_out(room, now) + _waits(room, now)


def _post_is_out(room: ReleaseRoom, now: datetime) -> bool:
    page = canonical(room.release.url)
    if not page or room.post_told_at is not None:
        return False
    texts = room.messages.filter(is_deleted=False).values_list("text", flat=True)
    if not any(canonical(link) == page for text in texts for link in text_links(text)):
        return False
    words = {"what": telling.named(room.release), "room": slack_posts.escaped(room.name)}
    return _say(room, "post_told_at", _("The release post of %(what)s is linked in %(room)s.") % words, now)


def _waits(room: ReleaseRoom, now: datetime) -> bool:
    """Only if there are new messages since the last reminder."""
    if room.reminded_at is not None and now - room.reminded_at < EVERY:
        return False
    waiting = room.messages.filter(done_at=None, is_deleted=False, posted_at__lte=now - WAITS)
    if room.reminded_at is not None:
        waiting = waiting.filter(posted_at__gt=room.reminded_at - WAITS)
    if not (count := waiting.count()):
        return False
    words = ngettext(
        "%(count)d message in %(room)s waits for somebody to look at it.",
        "%(count)d messages in %(room)s wait for somebody to look at them.",
        count,
    )
    return _say(room, "reminded_at", words % {"count": count, "room": slack_posts.escaped(room.name)}, now)


def _say(room: ReleaseRoom, column: str, text: str, now: datetime) -> bool:
    setattr(room, column, now)
    room.save(update_fields=[column])
    key = f"room {room.pk} {column} {now:%Y-%m-%d %H:%M:%S}"
    body = f"{text}\n{telling.address_of(room.release)}"
    if room.release.owner is None:
        slack.tell_team(key, body, now)
    else:
        slack.tell(room.release.owner, key, body, now)
    return True
