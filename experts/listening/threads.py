"""Follows the Slack thread of each running request: replies are read, shown on the ticket, and acted on.

The whole thread is read each time, so edited replies, lost events and repeated events make no difference: each reply is
a row, and only a new or changed one has an effect.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from channels import sweeps
from channels.clocks import clock_from
from channels.errors import AuthFailed, ChannelError, RateLimited
from channels.slack import api
from experts.directory import directory
from experts.listening import thread_words
from experts.models import Outreach, ThreadReply
from experts.outreach import responding
from mentions.db import locks
from mentions.models import Ticket
from mentions.text.storable_text import storable
from mentions.tickets import parking

logger = logging.getLogger(__name__)
Kind = ThreadReply.Kind
SOON, LATER, BROKEN = timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1)
FRESH = timedelta(hours=2)
"""For this long after the request or the last reply, its thread is read every minute."""
MAX_A_RUN = 30
MAX_RUN = timedelta(seconds=60)
"""No read starts after this, so that a slow Slack doesn't hold up a worker."""
MAX_TEXT = 5000


def read_due(now: datetime) -> int:
    """Read the threads that are due; returns how many. A rate limit pauses them all."""
    count, clock = 0, clock_from(now)
    for outreach in _due(now):
        if clock() - now > MAX_RUN:
            break
        try:
            messages = api.thread(outreach.slack_room, outreach.slack_ts)
        except RateLimited as limit:
            _pause(now + timedelta(seconds=limit.retry_after_s or BROKEN.seconds))
            return count
        except ChannelError as error:
            _broken(outreach, error, now)
            if isinstance(error, AuthFailed):
                return count
            continue
        count += _taken_in(outreach, messages, now)
    return count


def _taken_in(outreach: Outreach, messages: Iterable[Mapping[str, Any]], now: datetime) -> int:
    """Read one thread; returns 1, or 0 if that fails. It is then retried after the other threads."""
    taken = sweeps.each("Slack threads", [outreach.pk], lambda pk: take_in(pk, messages, now) or True)
    if not taken:
        Outreach.objects.filter(pk=outreach.pk).update(thread_due_at=now + BROKEN)
    return taken


def _due(now: datetime) -> Iterable[Outreach]:
    running = Outreach.objects.filter(state__in=Outreach.RUNNING, thread_due_at__lte=now)
    return running.exclude(slack_room="").exclude(slack_ts__in=["", "?"]).order_by("thread_due_at", "pk")[:MAX_A_RUN]


def _pause(until: datetime) -> None:
    waiting = Outreach.objects.filter(state__in=Outreach.RUNNING, thread_due_at__lt=until)
    waiting.update(thread_due_at=until)


def _broken(outreach: Outreach, error: ChannelError, now: datetime) -> None:
    """Note on the ticket that the thread can't be read, since an expert's answers there would go unnoticed."""
    logger.info("The Slack thread of request %s cannot be read: %s", outreach.pk, error)
    Outreach.objects.filter(pk=outreach.pk).update(thread_error=str(error), thread_due_at=now + BROKEN)


def wake_thread(channel: str, thread_ts: str, now: datetime) -> bool:
    """Read this thread soon, since something happened in it; returns whether it is the thread of a running request."""
    running = Outreach.objects.filter(state__in=Outreach.RUNNING, slack_room=channel, slack_ts=thread_ts)
    return bool(running.update(thread_due_at=now))


@transaction.atomic
def take_in(outreach_id: int, messages: Iterable[Mapping[str, Any]], now: datetime) -> int:
    """Store a thread's replies and act on them; returns how many were new or changed."""
    outreach = locks.with_ticket(Outreach.objects.select_related(*responding.RELATED), outreach_id)
    known = {reply.ts: reply for reply in outreach.thread.all()}
    changed = [row for message in messages if (row := _row(outreach, message, known)) is not None]
    for row in changed:
        row.save()
        _act(outreach, row, now)
        outreach.refresh_from_db(fields=["state", "draft", "draft_by"])
    latest = max([outreach.asked_at, *(row.at for row in changed)])
    pause = SOON if now - latest < FRESH else LATER
    Outreach.objects.filter(pk=outreach.pk).update(thread_due_at=now + pause, thread_error="")
    return len(changed)


def _row(outreach: Outreach, message: Mapping[str, Any], known: Mapping[str, ThreadReply]) -> ThreadReply | None:
    """The reply as it is now; None if it is known, empty, gone, or the request itself."""
    ts, text = storable(str(message.get("ts") or ""), 40), storable(str(message.get("text") or ""), MAX_TEXT)
    if ts == outreach.slack_ts or not ts or not text or message.get("subtype"):
        return None
    row = known.get(ts)
    if row is not None and row.text == text:
        return None
    slack_id = str(message.get("user") or "")[:40]
    row = row or ThreadReply(outreach=outreach, ts=ts, slack_id=slack_id, at=_time(ts))
    row.text, row.name = text, row.name or _name(message, slack_id)
    row.kind = Kind.OURS if message.get("bot_id") else _kind(outreach, row)
    return row


def _time(ts: str) -> datetime:
    try:
        return datetime.fromtimestamp(float(ts), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


def _name(message: Mapping[str, Any], slack_id: str) -> str:
    """The author's name, from the directory, else from the message; for people who have left Slack, their id."""
    expert = directory.expert_of(slack_id)
    profile = message.get("user_profile")
    profile_name = str(profile.get("real_name") or profile.get("name") or "") if isinstance(profile, Mapping) else ""
    return (str(expert) if expert else profile_name or slack_id or _("somebody"))[:120]


def _kind(outreach: Outreach, row: ThreadReply) -> str:
    """The reply's meaning, if its author speaks for the person asked; a colleague's draft counts, too."""
    kind = thread_words.read(row.text, names_another=bool(_named(outreach, row))).kind
    is_theirs = speaks_for(outreach, row.slack_id)
    if kind == Kind.DRAFT or is_theirs:
        return Kind.NOTE if kind == Kind.DECLINED and outreach.expert_id is None else kind
    return Kind.NOTE


def speaks_for(outreach: Outreach, slack_id: str) -> bool:
    """Whether this Slack member answers for the request: the expert, or anybody for a team."""
    if outreach.expert is None:
        return bool(slack_id)
    return bool(slack_id) and outreach.expert.slack_id == slack_id


def _named(outreach: Outreach, row: ThreadReply) -> list[str]:
    asked = outreach.expert.slack_id if outreach.expert else ""
    return directory.mentioned(row.text, besides=[row.slack_id, asked])


def _act(outreach: Outreach, row: ThreadReply, now: datetime) -> None:
    if not outreach.is_running or row.kind in (Kind.NOTE, Kind.OURS):
        return
    if row.kind == Kind.QUESTION:
        _question(outreach, row, now)
        return
    if row.kind == Kind.ACKNOWLEDGED and outreach.state == Outreach.State.DRAFT:
        return
    draft = row.kind == Kind.DRAFT
    words = thread_words.read(row.text, names_another=False).draft if draft else thread_words.plain(row.text)
    suggested = next((e for e in map(directory.expert_of, _named(outreach, row)) if e), None)
    responding.respond(outreach.pk, row.kind, words, now=now, by=row.name, suggested=suggested)


def _question(outreach: Outreach, row: ThreadReply, now: datetime) -> None:
    """Return the ticket so that the advocate answers in the thread; the request goes on."""
    if outreach.ticket.waiting_on == Ticket.WaitingOn.EXPERT:
        why = _("%(who)s asks: %(text)s") % {"who": row.name, "text": thread_words.plain(row.text)[:200]}
        parking.wake(outreach.ticket_id, None, now=now, why=why)
