"""Applies a plan, all or nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from audit import log
from audit.kinds import EntryKind
from mentions.csv_lists.plans import NotAsPreviewed
from mentions.marks import planning
from mentions.marks.entries import Entry
from mentions.marks.planning import Plan, Step
from mentions.models import Author, Mark, Person
from mentions.people import accounts, colleagues, marks
from mentions.people.marks import Decision


def carry_out(entries: Iterable[Entry], digest: str, actor: Any, now: datetime) -> Plan:
    """Import a list exactly as previewed. Raises NotAsPreviewed."""
    with transaction.atomic():
        _one_at_a_time()
        plan = planning.plan(entries)
        plan.check_as_previewed(digest)
        _apply(plan, Mark.Source.LIST, actor, now)
    accounts.link_accounts()
    return plan


def take_in(entries: Iterable[Entry], now: datetime) -> Plan:
    """Apply a webhook call entry by entry, so that two entries about one newcomer create one person. All or nothing:
    raises NotAsPreviewed if one is invalid."""
    entries = list(entries)
    with transaction.atomic():
        _one_at_a_time()
        plan = planning.plan(entries)
        if not plan.is_sound:
            raise NotAsPreviewed(plan)
        steps: list[Step] = []
        for entry in entries:
            one = planning.plan([entry])
            _apply(one, Mark.Source.WEBHOOK, None, now)
            steps += one.steps
    accounts.link_accounts()
    return Plan(steps)


def _apply(plan: Plan, source: str, actor: Any, now: datetime) -> None:
    done = [step for step in plan.steps if step.deed in ("add", "update")]
    fresh: dict[object, Person] = {}
    for step in done:
        _write(step, source, actor, now, fresh)
    if done and actor is not None:
        counts = {deed: plan.counts[deed] for deed in ("add", "update")}
        log.record(EntryKind.MARKS_IMPORTED, now=now, subject="marks", details=counts, actor=actor)


def _write(step: Step, source: str, actor: Any, now: datetime, fresh: dict[object, Person]) -> None:
    """`fresh`: people created by earlier lines of this list, by account."""
    entry = step.entry
    keys = [*step.accounts, *(author.pk for author in step.authors)]
    person = step.person or next((fresh[key] for key in keys if key in fresh), None)
    if person is None:
        person = Person.objects.create(name=(entry.title or str(step.authors[0]))[:200])
    fresh |= dict.fromkeys(keys, person)
    for name, value in entry.values.items():
        setattr(person, name, value)
    person.save(update_fields=["name", "region", "email"])
    Author.objects.filter(pk__in=[author.pk for author in step.authors]).update(person=person)
    colleagues.add_accounts(person, step.accounts)
    at, since = entry.at or now, entry.since
    marks.decide(person, Decision(entry.kind, entry.is_given, source, at, actor, since, entry.because))


def _one_at_a_time() -> None:
    """Two concurrent imports could create the same person twice. Locked until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('mentions.marks'))")
