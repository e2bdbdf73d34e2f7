"""Marks tickets as urgent by rule: words and authors, channels, the speed of a thread, whoever writes in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels import sweeps
from channels.outbox import slack_posts
from channels.queries import matching, terms
from channels.toolkit.text import composed
from mentions.db import locks
from mentions.models import Message, ThreadPost, Ticket
from mentions.tickets.transitions import OutcomeRefused
from team.duties import slack
from team.models import UrgentCall, UrgentRule
from team.urgent import calls

FRESH = timedelta(hours=24)
"""Older posts are never urgent: a first import of old mentions calls nobody."""
BEHIND = timedelta(hours=6)
"""How far the sweep looks back for messages whose signal was lost."""
MAX_A_RUN = 500
MAX_AN_HOUR = 5
"""Calls of one rule per hour that are posted and escalate. Later ones are only marked, so that an outage, or a desk
that catches up after one, floods nobody."""
HOUR = timedelta(hours=1)

_POSTED = """
WITH threads AS (SELECT DISTINCT namespace, thread_id FROM mentions_message WHERE ticket_id = %(ticket)s),
said AS (
    SELECT m.namespace, m.external_id, m.posted_at FROM mentions_message m
     WHERE (m.ticket_id = %(ticket)s OR (m.namespace, m.thread_id) IN (SELECT * FROM threads))
       AND m.direction <> 'team' AND NOT m.is_deleted AND NOT m.is_auto
    UNION ALL
    SELECT p.namespace, p.external_id, p.posted_at FROM mentions_threadpost p JOIN threads USING (namespace, thread_id)
     WHERE NOT p.is_deleted AND NOT EXISTS (
           SELECT FROM mentions_message m
            WHERE m.namespace = p.namespace AND m.external_id = p.external_id AND m.direction = 'team')
       AND NOT EXISTS (
           SELECT FROM mentions_author a
            WHERE a.namespace = p.namespace AND a.external_id = p.author_external_id AND a.is_us))
SELECT min(posted_at) FROM said WHERE posted_at > %(since)s GROUP BY namespace, external_id ORDER BY 1
"""
"""What others have posted in the threads of a ticket: in it, in the tickets of others, and around them all."""


def mark(message_ids: Iterable[int] | None, now: datetime) -> int:
    """Apply the active rules to these messages (None: to recent ones whose signal was lost); returns how many tickets
    became urgent."""
    rules = list(UrgentRule.objects.filter(is_active=True).prefetch_related("channels"))
    if not rules:
        return 0
    found = list(_candidates(message_ids, now, by_speed=any(rule.messages for rule in rules)))
    earlier = UrgentCall.objects.filter(ticket__in={message.ticket_id for message in found})
    used = {(call.ticket_id, call.rule_id) for call in earlier}
    busy = {call.ticket_id for call in earlier if call.is_running}
    free = [message for message in found if message.ticket_id not in busy]
    return sweeps.each("urgent rules", free, lambda message: _mark(message, rules, used, now))


def _candidates(message_ids: Iterable[int] | None, now: datetime, *, by_speed: bool) -> Iterable[Message]:
    """Without `message_ids` those that came in lately and, `by_speed`, those in whose thread others have posted."""
    messages = Message.objects.filter(
        direction=Message.Direction.INBOUND,
        is_auto=False,
        is_deleted=False,
        posted_at__gt=now - FRESH,
        ticket__status__in=(Ticket.Status.NEW, Ticket.Status.OPEN),
        ticket__merged_into=None,
    )
    if message_ids is None:
        around = ThreadPost.objects.filter(namespace=OuterRef("namespace"), thread_id=OuterRef("thread_id"))
        lively = Exists(around.filter(posted_at__gt=now - BEHIND))
        recent = Ticket.objects.filter(last_message_at__gt=now - (FRESH if by_speed else BEHIND)).values("pk")
        came_in = Q(ingested_at__gt=now - BEHIND)
        messages = messages.filter(came_in | Q(lively) if by_speed else came_in, ticket__in=recent)
    else:
        messages = messages.filter(pk__in=list(message_ids))
    return messages.select_related("ticket", "author", "channel").defer("search", "html").order_by("-pk")[:MAX_A_RUN]


@transaction.atomic
def _mark(message: Message, rules: list[UrgentRule], used: set[tuple[int, int | None]], now: datetime) -> bool:
    """By the first rule that applies and has not marked the ticket before."""
    ticket_id = message.ticket_id or 0
    rule = next((rule for rule in rules if (ticket_id, rule.pk) not in used and applies(rule, message)), None)
    if rule is None or (rule.messages is not None and _is_thread_called(rule, message)):
        return False
    rooms = [*rule.rooms, *([settings.RAPID_RESPONSE_SLACK_CHANNEL] if rule.is_rapid_response else [])]
    is_quiet = rule.calls.filter(asked_at__gt=now - HOUR).count() >= MAX_AN_HOUR
    try:
        made = calls.ask(ticket_id, None, now=now, why=why(rule, message), rooms=rooms, rule=rule, is_quiet=is_quiet)
    except OutcomeRefused:
        return False
    if is_quiet and made.rule_id == rule.pk:
        _tell_of_many(rule, now)
    return made.rule_id == rule.pk


def _is_thread_called(rule: UrgentRule, message: Message) -> bool:
    """A fast thread is called once, not once for each person who writes in it. Locks the thread for this rule."""
    locks.lock_names([f"urgent rule {rule.pk} {message.namespace} {message.thread_id}"])
    of_thread = Message.objects.filter(namespace=message.namespace, thread_id=message.thread_id)
    return rule.calls.filter(ticket__in=of_thread.exclude(ticket=None).values("ticket")).exists()


def _tell_of_many(rule: UrgentRule, now: datetime) -> None:
    """In the team's channel, once per rule and hour."""
    words = _("Many conversations match the rule “%(name)s” at once. Further ones are marked as urgent but not posted:")
    notice = slack_posts.escaped(words % {"name": rule.name})
    text = f"{notice} {settings.BASE_URL}{reverse('mentions:queue')}"
    slack.tell_team(f"many urgent {rule.pk} {now:%Y-%m-%d %H}", text, now)


def applies(rule: UrgentRule, message: Message) -> bool:
    """Whether everything that the rule requires applies."""
    channels = {channel.pk for channel in rule.channels.all()}
    if channels and message.channel_id not in channels:
        return False
    if rule.query.strip() and not matching.parse(rule.query).matches(subject_of(message)):
        return False
    return rule.messages is None or _count(rule, message) >= rule.messages


def subject_of(message: Message) -> terms.Subject:
    """The stored message as the query language sees it."""
    text, title, thread_title = (composed(each) for each in (message.text, message.subject, message.thread_title))
    names = (message.author.handle, message.author.external_id, message.author.name)
    return terms.Subject(
        text,
        title,
        thread_title,
        tuple(each.lower() if each.isascii() else "" for each in (title, text, thread_title)),  # type: ignore[arg-type]
        tuple(terms.plain_name(name) for name in names if name),
        tuple(url for url in (message.url, message.page_url, *message.links) if url),
        message.language.lower().replace("_", "-"),
        frozenset([message.thread_id.lower()]),
    )


def _count(rule: UrgentRule, message: Message) -> int:
    """How many of others were posted in the thread within the rule's minutes, at its fastest since just before this
    message. One statement."""
    length = timedelta(minutes=rule.minutes)
    with connection.cursor() as cursor:
        cursor.execute(_POSTED, {"ticket": message.ticket_id, "since": message.posted_at - length})
        return most_within(length, [at for (at,) in cursor.fetchall()])


def most_within(length: timedelta, times: Sequence[datetime]) -> int:
    """The largest number of these times, in order, within any span of that length. Pure."""
    first = most = 0
    for last, at in enumerate(times):
        while times[first] <= at - length:
            first += 1
        most = max(most, last - first + 1)
    return most


def why(rule: UrgentRule, message: Message) -> str:
    if rule.messages is None:
        return ""
    count = _count(rule, message)
    words = ngettext("%(count)d message in %(span)s", "%(count)d messages in %(span)s", count)
    return words % {"count": count, "span": _("%(minutes)d min") % {"minutes": rule.minutes}}
