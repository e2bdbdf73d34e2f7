"""Reads the Slack threads of questions: each reply becomes a note on the ticket, the first one returns it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from channels.clocks import clock_from
from channels.errors import AuthFailed, ChannelError, RateLimited
from channels.slack import api, markup
from mentions.db import locks
from mentions.models import Account, Question, Ticket
from mentions.tickets import parking
from mentions.triage import notes

logger = logging.getLogger(__name__)
State = Question.State
SOON, LATER, BROKEN = timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1)
FRESH = timedelta(hours=2)
"""For this long after the question, its thread is read every minute."""
MORE = timedelta(days=1)
"""For this long after the first answer, further replies still become notes."""
FORGOTTEN = timedelta(days=14)
MAX_A_RUN = 20
MAX_RUN = timedelta(seconds=30)
MAX_TEXT = 5000
_names: list[Callable[[str], str]] = []


def register_names(find: Callable[[str], str]) -> None:
    """For upper floors that know the name of a Slack member ("" if not)."""
    if find not in _names:
        _names.append(find)


def read_due(now: datetime) -> int:
    """Read the threads that are due; returns how many. A rate limit pauses them all."""
    count, clock = 0, clock_from(now)
    for question in Question.objects.filter(read_at__lte=now).order_by("read_at", "pk")[:MAX_A_RUN]:
        if clock() - now > MAX_RUN:
            break
        try:
            said = api.thread(question.slack_room, question.slack_ts)
        except RateLimited as limit:
            until = now + timedelta(seconds=limit.retry_after_s or BROKEN.seconds)
            Question.objects.filter(read_at__lt=until).update(read_at=until)
            return count
        except ChannelError as error:
            logger.info("The Slack thread of question %s cannot be read: %s", question.pk, error)
            Question.objects.filter(pk=question.pk).update(error=str(error), read_at=now + BROKEN)
            if isinstance(error, AuthFailed):
                return count
            continue
        take_in(question.pk, said, now)
        count += 1
    return count


def wake_thread(channel: str, thread_ts: str, now: datetime) -> bool:
    """Read this thread soon, since something happened in it; returns whether it is the thread of a question."""
    known = Question.objects.filter(slack_room=channel, slack_ts=thread_ts, read_at__isnull=False)
    return bool(known.update(read_at=now))


@transaction.atomic
def take_in(question_id: int, said: Iterable[Mapping[str, Any]], now: datetime) -> int:
    """Note the new replies of a thread as Slack gives it; returns how many."""
    question = locks.with_ticket(Question.objects.select_related("ticket"), question_id)
    new = [message for message in said if _is_new(question, message)]
    for message in new:
        _note(question, message, now)
    question.read_at, question.error = _next(question, now), ""
    if question.read_at is None and question.state == State.ASKED:
        question.state = State.OVER
    question.save(update_fields=["state", "read_at", "error", "seen_ts", "answer", "answered_by", "answered_at"])
    return len(new)


def _is_new(question: Question, message: Mapping[str, Any]) -> bool:
    """Whether it is a person's reply that isn't on the ticket yet; edited replies stay as first noted."""
    ts = str(message.get("ts") or "")
    is_ours = bool(message.get("bot_id") or message.get("subtype"))
    return bool(message.get("text")) and not is_ours and ts > max(question.seen_ts, question.slack_ts)


def _note(question: Question, message: Mapping[str, Any], now: datetime) -> None:
    who, text = name_of(message), markup.plain(str(message.get("text") or ""))[:MAX_TEXT].replace("\0", "")
    question.seen_ts = str(message["ts"])[:40]
    asked = _("%(who)s answers in %(channel)s: %(text)s")
    notes.write(question.ticket, None, asked % {"who": who, "channel": question.slack_channel, "text": text}, now)
    if question.state != State.ASKED:
        return
    question.state, question.answer, question.answered_by, question.answered_at = State.ANSWERED, text, who, now
    if question.ticket.waiting_on == Ticket.WaitingOn.QUESTION:
        why = _("%(who)s answers: %(text)s") % {"who": who, "text": text[:200]}
        parking.wake(question.ticket_id, None, now=now, why=why)


def name_of(message: Mapping[str, Any]) -> str:
    """The name of a Slack message's author, if the desk or the message knows it; else their member id."""
    slack_id = str(message.get("user") or "")
    profile = message.get("user_profile")
    given = str(profile.get("real_name") or profile.get("name") or "") if isinstance(profile, Mapping) else ""
    account = Account.objects.filter(namespace__startswith="slack", handle=slack_id).select_related("person").first()
    known = next((name for name in (find(slack_id) for find in _names) if name), "")
    return (known or (str(account.person) if account else "") or given or slack_id or _("somebody"))[:120]


def _next(question: Question, now: datetime) -> datetime | None:
    if question.state == State.ANSWERED:
        return now + LATER if question.answered_at and now - question.answered_at < MORE else None
    if question.state != State.ASKED or now - question.asked_at > FORGOTTEN:
        return None
    return now + (SOON if now - question.asked_at < FRESH else LATER)
