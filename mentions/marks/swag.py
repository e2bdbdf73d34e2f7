"""Swag rules: a suggestion per rule and person, once; an advocate decides, and nothing is sent automatically."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from channels import sweeps
from mentions.models import Code, Event, EventKind, Mark, Message, Person, SwagRule, SwagSuggestion

NEWS = timedelta(days=14)
"""Only recent events count, so importing years of contributors suggests nothing."""
State = SwagSuggestion.State
GIVING = (Mark.Kind.CONTRIBUTOR, Mark.Kind.CORE)
_MARK_OF = {SwagRule.When.FIRST: Mark.Kind.CONTRIBUTOR, SwagRule.When.CORE: Mark.Kind.CORE}

_POSTS = """
SELECT a.person_id, min(t.id) FROM mentions_threadpost p
  JOIN mentions_author a ON a.namespace = p.namespace AND a.external_id = p.author_external_id
  JOIN mentions_mark k ON k.person_id = a.person_id AND k.is_given AND k.kind = ANY(%(kinds)s)
  JOIN mentions_message m ON m.namespace = p.namespace AND m.thread_id = p.thread_id AND m.ticket_id IS NOT NULL
  JOIN mentions_ticket t ON t.id = m.ticket_id
  JOIN mentions_author r ON r.id = t.requester_id
 WHERE p.posted_at >= %(since)s AND p.posted_at > t.posted_at AND NOT p.is_deleted AND NOT a.is_us AND NOT r.is_us
   AND r.id <> a.id AND r.person_id IS DISTINCT FROM a.person_id
 GROUP BY a.person_id
"""


def suggest(now: datetime) -> int:
    """Make suggestions by rule and close those whose swag was given; return how many changed. Idempotent."""
    rules = SwagRule.objects.filter(is_active=True).order_by("pk")
    made = sum(_by_rule(rule, now) for rule in rules)
    return made + sweeps.each("swag", _open(), lambda suggestion: _settle(suggestion, now))


def _by_rule(rule: SwagRule, now: datetime) -> int:
    known = set(rule.suggestions.values_list("person_id", flat=True))
    wanted = {pk: ticket for pk, ticket in _wanted(rule, now).items() if pk not in known}
    outside = Person.objects.filter(pk__in=wanted, is_us=False).order_by("pk")
    rows = [
        SwagSuggestion(rule=rule, person=person, ticket_id=wanted[person.pk], made_at=now)
        for person in outside
    ]  # fmt: skip
    SwagSuggestion.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _wanted(rule: SwagRule, now: datetime) -> dict[int, int | None]:
    """Person id → the ticket that led to the suggestion, if any."""
    if rule.when == SwagRule.When.HELPED:
        return _helpers(now - NEWS)
    new = Mark.objects.filter(kind=_MARK_OF[SwagRule.When(rule.when)], is_given=True, since__gte=(now - NEWS).date())
    return dict.fromkeys(new.values_list("person_id", flat=True))


def _helpers(since: datetime) -> dict[int, int | None]:
    """Contributors who posted in somebody else's conversation, in the ticket or in the thread around it."""
    marked = Mark.objects.filter(kind__in=GIVING, is_given=True).values("person")
    spoke = Message.objects.filter(
        posted_at__gte=since, direction=Message.Direction.INBOUND, is_deleted=False, ticket__isnull=False,
        author__person__in=marked, author__is_us=False, ticket__requester__is_us=False,
    )  # fmt: skip
    others = spoke.filter(posted_at__gt=F("ticket__posted_at")).exclude(author=F("ticket__requester"))
    others = others.filter(~Q(author__person=F("ticket__requester__person")) | Q(ticket__requester__person=None))
    found: dict[int, int | None] = dict(others.order_by("-posted_at").values_list("author__person", "ticket"))
    with connection.cursor() as cursor:
        cursor.execute(_POSTS, {"since": since, "kinds": [str(kind) for kind in GIVING]})
        return dict(cursor.fetchall()) | found


# --- outcomes ---------------------------------------------------------------------------------------------------------


def _open() -> Iterable[SwagSuggestion]:
    """Open suggestions whose person has received swag since."""
    applied = Event.objects.annotate(macro=KeyTextTransform("macro", "data")).filter(
        at__gte=OuterRef("made_at"), kind=EventKind.MACRO, ticket__requester__person=OuterRef("person"),
        macro=Cast(OuterRef("rule__macro_id"), TextField()),
    )  # fmt: skip
    code = Code.objects.filter(given_at__gte=OuterRef("made_at"), ticket__requester__person=OuterRef("person"))
    waiting = SwagSuggestion.objects.filter(state=State.OPEN).annotate(
        by_macro=Subquery(applied.order_by("-at").values("actor")[:1]),
        by_code=Subquery(code.order_by("-given_at").values("given_by")[:1]),
    )
    return list(waiting.exclude(by_macro=None, by_code=None)[:500])


def _settle(suggestion: SwagSuggestion, now: datetime) -> bool:
    actor_id = suggestion.by_code or suggestion.by_macro  # type: ignore[attr-defined]
    return _write(suggestion.pk, State.GIVEN, actor_id, now)


def decide(suggestion_id: int, state: str, actor: Any, now: datetime) -> bool:
    """Set *given*, *not this time* or *open*; return whether it changed."""
    return _write(suggestion_id, State(state), actor.pk, now)


@transaction.atomic
def _write(suggestion_id: int, state: str, actor_id: int | None, now: datetime) -> bool:
    row = SwagSuggestion.objects.select_for_update().get(pk=suggestion_id)
    if row.state == state:
        return False
    row.state = state
    row.decided_at, row.decided_by_id = (None, None) if state == State.OPEN else (now, actor_id)
    row.save(update_fields=["state", "decided_at", "decided_by"])
    return True


def open_ones() -> QuerySet[SwagSuggestion]:
    """Open suggestions, newest first."""
    return SwagSuggestion.objects.filter(state=State.OPEN, person__is_us=False).order_by("-made_at", "-pk")
