"""Alarms: problems of connections and active channels, announced once in Slack and by email, and again when over.

A sweep compares current problems with open alarms. A problem shorter than `PATIENCE` isn't announced; a paused
connection raises no alarm.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels.contract import Adapter
from channels.inbox import leases
from channels.models import Alarm, Channel, Connection, InboundItem
from channels.monitoring.health import Health, Level, channel_health, connection_health, expected_silence
from channels.outbox import sending, slack_posts
from channels.registry.finding_adapters import all_adapters

logger = logging.getLogger(__name__)

PATIENCE = timedelta(minutes=10)
ALARMING = frozenset(("auth", "settings", "expired", "expiring", "late", "failing", "unknown"))
_OWN = Q(connection=None)
"""Alarms about the desk's own processes."""
_KEYS = UUID("6f4c2a0e-62f3-4b58-9f55-3f8c1d1b7f10")

Problems = dict[tuple[int, int | None, str], str]
"""(connection, channel, state) → words."""


def sweep(now: datetime) -> int:
    """Raise, clear and announce alarms; returns how many were announced. `now` is aware UTC."""
    problems = dict(_problems(now))
    with transaction.atomic():
        open_alarms = Alarm.objects.select_for_update().filter(cleared_at=None, connection__isnull=False)
        open_by_key = {(alarm.connection_id, alarm.channel_id, alarm.state): alarm for alarm in open_alarms}
        for key, words in problems.items():
            if key in open_by_key:
                Alarm.objects.filter(pk=open_by_key[key].pk).update(words=words)
            else:
                connection_id, channel_id, state = key
                values = {"connection_id": connection_id, "channel_id": channel_id, "state": state}
                Alarm.objects.create(**values, words=words, raised_at=now)
        over = [alarm.pk for key, alarm in open_by_key.items() if key not in problems]
        Alarm.objects.filter(pk__in=over).update(cleared_at=now)
    return _announce_all(
        Alarm.objects.filter(~_OWN, Q(cleared_at__isnull=False) | Q(raised_at__lte=now - PATIENCE)), now
    )


def tell_of_parts(wrong: dict[str, str], now: datetime) -> int:
    """Raise, clear and announce alarms about the desk's own processes (state → words), without `PATIENCE`: the caller
    has waited long enough. Open alarms not in `wrong` are cleared. Returns how many were announced."""
    with transaction.atomic():
        open_by_state = {each.state: each for each in Alarm.objects.select_for_update().filter(_OWN, cleared_at=None)}
        for state, words in wrong.items():
            if state in open_by_state:
                Alarm.objects.filter(pk=open_by_state[state].pk).update(words=words)
        new = [
            Alarm(state=state, words=words, raised_at=now)
            for state, words in wrong.items()
            if state not in open_by_state
        ]
        Alarm.objects.bulk_create(new, ignore_conflicts=True)  # another worker may raise the same alarm concurrently
        over = [alarm.pk for state, alarm in open_by_state.items() if state not in wrong]
        Alarm.objects.filter(pk__in=over).update(cleared_at=now)
    return _announce_all(Alarm.objects.filter(_OWN), now)


def open_alarms() -> list[Alarm]:
    return list(Alarm.objects.filter(cleared_at=None).select_related("connection", "channel"))


def _problems(now: datetime) -> Iterator[tuple[tuple[int, int | None, str], str]]:
    for connection in Connection.objects.filter(is_active=True).prefetch_related("channels"):
        adapter = all_adapters().get(connection.platform)
        for health in connection_health(connection, adapter, now):
            if health.state in ALARMING and (health.state != "failing" or health.level >= Level.ERROR):
                yield (connection.pk, None, health.state), health.words
        if words := _unreadable(connection.pk):
            yield (connection.pk, None, "unreadable"), words
        if connection.trouble:
            continue  # its channels are silent because of the trouble, which has its own alarm
        for channel in connection.channels.all():
            if silent := silence(channel, connection, adapter, now):
                yield (connection.pk, channel.pk, silent.state), silent.words


def _unreadable(connection_id: int) -> str:
    """Unacknowledged unreadable items, in words; empty if none. Thread context counts only if it killed its parser."""
    found = leases.unreadable(connection_id)
    found = found.filter(Q(role=InboundItem.Role.MENTION) | Q(attempts__gte=leases.MAX_ATTEMPTS))
    newest = found.first()
    if newest is None:
        return ""
    count = found.count()
    text = ngettext(
        "%(count)d mention could not be read: %(why)s",
        "%(count)d mentions could not be read, the last one: %(why)s",
        count,
    )
    return text % {"count": count, "why": newest.error[:300]}


def silence(channel: Channel, connection: Connection, adapter: Adapter | None, now: datetime) -> Health | None:
    """The health of a channel that has been silent for too long, else None. A channel without any item counts from the
    connection's creation."""
    health = channel_health(channel, adapter, now)
    if health.state == "silent":
        return health
    longest = expected_silence(channel, adapter)
    waited = now - connection.created_at
    if health.state == "never" and longest is not None and waited > longest and connection.last_success_at is not None:
        return Health(Level.WARNING, "silent", _("Nothing has ever come in here. Check its address."))
    return None


def _announce_all(alarms: QuerySet[Alarm], now: datetime) -> int:
    announced = 0
    new = alarms.filter(told_at=None, cleared_at=None)
    for alarm in new.select_related("connection", "channel").order_by("pk"):
        if not Alarm.objects.filter(pk=alarm.pk, told_at=None).update(told_at=now):
            continue  # another worker announces it
        _announce(alarm, now, "raised", f"⚠ {subject(alarm)}: {alarm.words}")
        announced += 1
    over = alarms.filter(told_at__isnull=False, cleared_at__isnull=False, is_over_told=False)
    for alarm in over.select_related("connection", "channel").order_by("pk"):
        if not Alarm.objects.filter(pk=alarm.pk, is_over_told=False).update(is_over_told=True):
            continue
        _announce(alarm, now, "over", _("✓ %(what)s: working again.") % {"what": subject(alarm)})
        announced += 1
    return announced


def subject(alarm: Alarm) -> str:
    """The alarm's channel or connection, else the desk itself."""
    if alarm.connection is None:
        return str(settings.COMPANY_NAME)
    return alarm.channel.name if alarm.channel is not None else alarm.connection.name


def _announce(alarm: Alarm, now: datetime, phase: str, words: str) -> None:
    """Post to Slack through the outbox, once per key, and send mail. A failed mail is only logged, since the page shows
    the alarm anyway."""
    address = settings.BASE_URL + reverse("channels:health")
    room = settings.TEAM_SLACK_CHANNEL
    if room and settings.SLACK_TOKEN:
        post = slack_posts.post_message(
            key=uuid5(_KEYS, f"{alarm.pk} {phase}"),
            conversation=f"slack:{room}",
            channel=room,
            text=f"{slack_posts.escaped(words)}\n{address}",
            not_before=now,
        )
        if alarm.connection is None:
            sending.send_one(post.pk, now)  # the missing worker may be the one that sends
    mail(words, address)


def mail(words: str, address: str) -> None:
    """Sends mail to DESK_ALARM_MAILS. A failure is logged."""
    if not settings.ALARM_MAILS:
        return
    try:
        send_mail(f"[{settings.COMPANY_NAME}] {words.splitlines()[0][:150]}", f"{words}\n\n{address}\n", None,
                  list(settings.ALARM_MAILS))  # fmt: skip
    except OSError as error:
        logger.error("The mail about an alarm could not be sent (%s).", type(error).__name__)
