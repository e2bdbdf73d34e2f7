"""Syncs the directory with team pages: adds and updates people, says what changed, and removes nobody.

The page is fetched outside of any transaction; a page that cannot be read changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from channels import sweeps
from channels.contract import Json
from channels.errors import ChannelError
from channels.http import client
from channels.registry.configs import network
from channels.secrets.vault import without_secrets
from experts.models import Expert, TeamPage
from experts.people_lists import applying, page_formats, planning
from experts.people_lists.page_formats import BadPage
from experts.people_lists.planning import Step
from mentions.people import accounts

EVERY = timedelta(days=1)
AGAIN = timedelta(hours=1)
"""After a failure."""
Fetch = Callable[[str], bytes]


def request(page_id: int, now: datetime) -> bool:
    """Have the page read at once; False if it doesn't exist."""
    return TeamPage.objects.filter(pk=page_id).update(due_at=now) > 0


def read_due(now: datetime, fetch: Fetch | None = None) -> int:
    """Read the pages that are due: new, asked for, or read a day ago; returns how many could be read."""
    due = TeamPage.objects.filter(Q(due_at__lte=now) | Q(due_at__isnull=True, is_active=True)).order_by("pk")
    return sweeps.each("team pages", due, lambda page: _claim(page, now) and read(page, None, now, fetch))


def _claim(page: TeamPage, now: datetime) -> bool:
    """Reserve a page for this worker. If the worker is killed, the page is due again."""
    same = Q(due_at__isnull=True) if page.due_at is None else Q(due_at=page.due_at)
    return TeamPage.objects.filter(same, pk=page.pk).update(due_at=now + AGAIN) > 0


def read(page: TeamPage, actor: Any, now: datetime, fetch: Fetch | None = None) -> bool:
    """Read one page and carry out what it says; False if it failed: then the page's `error` says why."""
    try:
        entries = page_formats.read((fetch or _fetched)(page.url), str(page.pk))
    except (ChannelError, BadPage) as error:
        page.error, page.due_at = without_secrets(str(error))[:1000], now + AGAIN if page.is_active else None
        page.save(update_fields=["error", "due_at"])
        return False
    with transaction.atomic():
        applying.one_at_a_time()
        plan = planning.plan(entries, is_whole_company=True)
        done = applying.apply(plan.steps, actor, page.name, now)
        page.report = _report(page, plan.steps, done)
        page.error, page.read_at, page.due_at = "", now, now + EVERY if page.is_active else None
        page.save(update_fields=["report", "error", "read_at", "due_at"])
    if any(step.accounts for step, _expert in done):
        accounts.link_accounts()
    return True


def _fetched(url: str) -> bytes:
    bounded = replace(network(), max_bytes=page_formats.MAX_BYTES)
    headers = {"Accept": "application/json, application/yaml, text/yaml, text/plain;q=0.5"}
    return client.get_bytes(bounded, url, headers=headers).content


def _report(page: TeamPage, steps: Sequence[Step], done: Sequence[tuple[Step, Expert]]) -> dict[str, Json]:
    """As `TeamPage.report`."""
    keys = {step.entry.values["page_key"] for step in steps}
    known = Expert.objects.filter(page_key__startswith=f"{page.pk}:", is_active=True).exclude(page_key__in=keys)
    wrong = [f"{step.entry.line}: {'; '.join(step.problems)}" for step in steps if step.problems]
    return {
        "added": [expert.pk for step, expert in done if step.expert is None],
        "updated": [
            [expert.pk, [change.field for change in step.changes]] for step, expert in done if step.expert is not None
        ],
        "missing": list(known.order_by("pk").values_list("pk", flat=True)),
        "problems": wrong[: page_formats.MAX_SHOWN],
    }
