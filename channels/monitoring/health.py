"""Health of connections and channels, in words: pure functions of their fields, for the channels page and the admin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _

from channels.contract import Adapter
from channels.models import Channel, Connection

LATE_AFTER_S = 300
"""A poll this many seconds overdue is late: no worker is running."""
FAILING_AFTER = 3
EXPIRES_SOON = timedelta(days=7)
LOW_QUOTA = 10


class Level(IntEnum):
    """In order of urgency; pages show a word and an icon for each, never colour alone."""

    OK = 0
    PAUSED = 1
    NOTICE = 2
    WARNING = 3
    ERROR = 4


@dataclass(frozen=True, slots=True)
class Health:
    """`state` names the case (ok, paused, never, late, silent, failing, auth, quota, expiring, …), `words` explain
    it."""

    level: Level
    state: str
    words: str

    @property
    def slug(self) -> str:
        """For a CSS class."""
        return self.level.name.lower()


def connection_health(connection: Connection, adapter: Adapter | None, now: datetime) -> list[Health]:
    """All health states of a connection, most urgent first; never empty."""
    if adapter is None:
        message = _("There is no adapter for “%(platform)s”. Was it removed?") % {"platform": connection.platform}
        return [Health(Level.ERROR, "unknown", message)]
    if not connection.is_active:
        reason = connection.paused_reason or _("no reason given")
        return [Health(Level.PAUSED, "paused", _("Paused: %(reason)s.") % {"reason": reason.rstrip(".")})]
    found = [
        *_trouble(connection, now),
        *_expiry(connection, now),
        *_lateness(connection, adapter, now),
        *_silence(connection, adapter, now),
        *_quota(connection, now),
    ]
    return sorted(found, key=lambda health: -health.level) or [_fine(connection, now)]


def channel_health(channel: Channel, adapter: Adapter | None, now: datetime) -> Health:
    """The health of the channel itself, which is only about silence; everything else is its connection's."""
    if not channel.is_active:
        return Health(Level.PAUSED, "off", _("Switched off."))
    if channel.last_item_at is None:
        return Health(Level.NOTICE, "never", _("Nothing has come in yet."))
    longest = expected_silence(channel, adapter)
    ago = _since(channel.last_item_at, now)
    if longest is not None and now - channel.last_item_at > longest:
        message = _("Silent for %(ago)s; more than %(usual)s is unusual here.")
        return Health(Level.WARNING, "silent", message % {"ago": ago, "usual": _span(longest, now)})
    return Health(Level.OK, "ok", _("Last item %(ago)s ago.") % {"ago": ago})


def expected_silence(channel: Channel, adapter: Adapter | None) -> timedelta | None:
    """The longest normal time without an item: the channel's setting, else the platform's default."""
    if channel.expected_silence_minutes is not None:
        return timedelta(minutes=channel.expected_silence_minutes)
    return adapter.expected_silence if adapter is not None else None


def worst(healths: Iterable[Health]) -> Health:
    return max(healths, key=lambda health: health.level)


def _trouble(connection: Connection, now: datetime) -> list[Health]:
    if not connection.trouble:
        return []
    said = connection.last_error or Connection.Trouble(connection.trouble).label
    if connection.trouble == Connection.Trouble.QUOTA:
        return [Health(Level.NOTICE, "quota", _("Waiting for the platform's quota. %(said)s") % {"said": said})]
    if connection.trouble == Connection.Trouble.AUTH:
        return [Health(Level.ERROR, "auth", _("Needs an admin. %(said)s") % {"said": said})]
    if connection.trouble == Connection.Trouble.SETTINGS:
        return [Health(Level.ERROR, "settings", _("Settings are missing or wrong. %(said)s") % {"said": said})]
    if connection.failures == 0:
        return [Health(Level.WARNING, "partly", _("Part of it cannot be read. %(said)s") % {"said": said})]
    level = Level.ERROR if connection.failures >= FAILING_AFTER else Level.WARNING
    message = (
        _("Failed %(count)d times in a row. %(said)s")
        if connection.failures > 1
        else _("The last poll failed. %(said)s")
    )
    return [Health(level, "failing", message % {"count": connection.failures, "said": said})]


def _lateness(connection: Connection, adapter: Adapter, now: datetime) -> list[Health]:
    if not adapter.is_polled:
        return []
    if connection.next_poll_at is None:
        if now - connection.created_at < timedelta(seconds=LATE_AFTER_S):
            return []
        return [Health(Level.ERROR, "late", _("Never polled. Check that a worker and beat are running."))]
    # Ignores leases: the dispatcher keeps granting them while no worker polls, and a healthy poll ends long before
    # this.
    if now - connection.next_poll_at < timedelta(seconds=LATE_AFTER_S):
        return []
    said = _("A poll is overdue by %(span)s. Check that a worker and beat are running.")
    return [Health(Level.ERROR, "late", said % {"span": _since(connection.next_poll_at, now)})]


def _silence(connection: Connection, adapter: Adapter, now: datetime) -> list[Health]:
    if connection.trouble or connection.last_success_at is None:
        return []
    since = connection.last_item_at or connection.created_at
    if now - since <= adapter.expected_silence:
        return []
    said = _("Nothing new for %(span)s; more than %(usual)s is unusual here.")
    usual = _span(adapter.expected_silence, now)
    return [Health(Level.WARNING, "silent", said % {"span": _since(since, now), "usual": usual})]


def _quota(connection: Connection, now: datetime) -> list[Health]:
    left, resets_at = connection.quota_left, connection.quota_resets_at
    if left is None or left > LOW_QUOTA or connection.trouble or (resets_at is not None and resets_at <= now):
        return []
    if resets_at is None:
        return [Health(Level.NOTICE, "quota", _("%(left)d requests left.") % {"left": left})]
    said = _("%(left)d requests left for the next %(span)s.")
    return [Health(Level.NOTICE, "quota", said % {"left": left, "span": timeuntil(resets_at, now)})]


def _expiry(connection: Connection, now: datetime) -> list[Health]:
    expires = connection.token_expires_at
    if expires is None or expires - now > EXPIRES_SOON:
        return []
    if expires <= now:
        return [Health(Level.ERROR, "expired", _("Its token has expired. Enter a new one."))]
    said = _("Its token expires in %(span)s. Enter a new one before then.")
    return [Health(Level.WARNING, "expiring", said % {"span": timeuntil(expires, now)})]


def _fine(connection: Connection, now: datetime) -> Health:
    if connection.last_success_at is None:
        return Health(Level.NOTICE, "never", _("Not polled yet."))
    return Health(
        Level.OK, "ok", _("Healthy. Last polled %(ago)s ago.") % {"ago": _since(connection.last_success_at, now)}
    )


def _since(at: datetime, now: datetime) -> str:
    if now - at < timedelta(minutes=1):
        return _("less than a minute")
    return timesince(at, now, depth=1)


def _span(span: timedelta, now: datetime) -> str:
    return timesince(now - span, now)
