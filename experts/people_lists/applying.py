"""Applies a plan: all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from audit import log
from audit.kinds import EntryKind
from experts.models import Expert
from experts.people_lists import planning
from experts.people_lists.entries import Entry
from experts.people_lists.planning import Plan, Step
from mentions.people import accounts, colleagues


def carry_out(entries: Iterable[Entry], digest: str, actor: Any, now: datetime) -> Plan:
    """Import a list exactly as previewed. Raises NotAsPreviewed."""
    with transaction.atomic():
        one_at_a_time()
        plan = planning.plan(entries)
        plan.check_as_previewed(digest)
        apply(plan.steps, actor, _("CSV file"), now)
    accounts.link_accounts()
    return plan


def apply(steps: Iterable[Step], actor: Any, source: str, now: datetime) -> list[tuple[Step, Expert]]:
    """Write the steps without problems that change something; in the caller's transaction, which also says so in the
    audit log. `actor`: None for a schedule."""
    done = [(step, _write(step)) for step in steps if step.deed in ("add", "update")]
    if done:
        counts = {deed: sum(step.deed == deed for step, _expert in done) for deed in ("add", "update")}
        who: dict[str, Any] = {"actor": actor} if actor is not None else {"actor_name": "(schedule)"}
        log.record(EntryKind.DIRECTORY_CHANGED, now=now, subject=source, details=counts, **who)
    return done


def _write(step: Step) -> Expert:
    expert = step.expert
    if expert is None:
        person = step.person or colleagues.enter(step.entry.name)
        expert = Expert(person=person)
    if expert.person.name != step.entry.name:
        colleagues.rename(expert.person, step.entry.name)
    for name, value in step.entry.values.items():
        setattr(expert, name, value)
    expert.save()
    if step.topics is not None:
        expert.topics.set(step.topics)
    colleagues.add_accounts(expert.person, step.accounts)
    return expert


def one_at_a_time() -> None:
    """Two lists at once would both add the same people; locked until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('experts.roster'))")
