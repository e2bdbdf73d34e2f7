"""Announces delivery problems in Slack: to the author first, to the team if they stay open."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from channels import sweeps
from channels.outbox import slack_posts
from mentions.models import Account, DeliveryProblem
from mentions.notifications.delivery_problems import TEAM_HEARS_AFTER

SlackIds = Callable[[Any], str]
MAX_PER_RUN = 100
_slack_ids: list[SlackIds] = []
_KEYS = UUID("5f1b3f0e-6a0f-4f0b-9d43-0d9a1f3a7c21")
_MEMBER = re.compile(r"[UW][A-Z0-9]{6,}\Z")


def register_slack_ids(find: SlackIds) -> None:
    """For upper floors that know a user's Slack member id ("" if unknown)."""
    if find not in _slack_ids:
        _slack_ids.append(find)


def slack_id_of(user: Any) -> str:
    """The member id, used for Slack direct messages; "" if unknown."""
    if user is None:
        return ""
    handles = Account.objects.filter(person__user=user, namespace__startswith="slack").values_list("handle", flat=True)
    known = [*handles, *(find(user) for find in _slack_ids)]
    return next((name for name in known if _MEMBER.match(name)), "")


def tell(now: datetime) -> int:
    """The sweep: notify authors of open problems at once, and the team of those left open; return how many messages
    were queued."""
    if not settings.SLACK_TOKEN:
        return 0
    open_ones = DeliveryProblem.objects.filter(settled_at=None).order_by("pk")
    new = open_ones.filter(told_author_at=None).values_list("pk", flat=True)[:MAX_PER_RUN]
    notified = sweeps.each("delivery problems", new, lambda pk: _tell_author(pk, now))
    late = open_ones.filter(told_team_at=None, at__lte=now - TEAM_HEARS_AFTER).values_list("pk", flat=True)
    return notified + sweeps.each("delivery problems", late[:MAX_PER_RUN], lambda pk: _tell_team(pk, now))


@transaction.atomic
def _tell_author(problem_id: int, now: datetime) -> bool:
    """Notify the author by direct message, or in the team's channel if their member id is unknown."""
    problem = _locked(problem_id)
    if problem is None or problem.told_author_at is not None:
        return False
    direct = slack_id_of(problem.user)
    problem.told_author_at = now
    if not direct:
        problem.told_team_at = now
    problem.save(update_fields=["told_author_at", "told_team_at"])
    return _say(problem, "author", direct or settings.TEAM_SLACK_CHANNEL, now)


@transaction.atomic
def _tell_team(problem_id: int, now: datetime) -> bool:
    problem = _locked(problem_id)
    if problem is None or problem.told_team_at is not None:
        return False
    problem.told_team_at = now
    problem.save(update_fields=["told_team_at"])
    return _say(problem, "team", settings.TEAM_SLACK_CHANNEL, now)


def _locked(problem_id: int) -> DeliveryProblem | None:
    rows = DeliveryProblem.objects.select_for_update(of=("self",)).select_related("user")
    return rows.filter(pk=problem_id, settled_at=None).first()


def _say(problem: DeliveryProblem, whom: str, room: str, now: datetime) -> bool:
    if not room:
        return False
    slack_posts.post_message(
        key=uuid5(_KEYS, f"{problem.pk} {whom}"),
        conversation=f"slack:{room}",
        channel=room,
        text=f"⚠ {slack_posts.escaped(sentence(problem))}\n{address_of(problem)}",
        not_before=now,
    )
    return True


def address_of(problem: DeliveryProblem) -> str:
    """URL of the page on which the problem can be resolved."""
    if problem.ticket_id is not None:
        return settings.BASE_URL + reverse("mentions:ticket", args=[problem.ticket_id])
    return settings.BASE_URL + reverse("mentions:delivery_problems")


_SENTENCES: dict[tuple[str, str], Callable[[], str]] = {
    ("reply", "failed"): lambda: _("A reply by %(who)s was not delivered."),
    ("reply", "blocked"): lambda: _("A reply by %(who)s was stopped before it was sent."),
    ("reply", "uncertain"): lambda: _("It is uncertain whether a reply by %(who)s was posted."),
    ("post", "failed"): lambda: _("A post by %(who)s was not published."),
    ("post", "uncertain"): lambda: _("It is uncertain whether a post by %(who)s was published."),
    ("like", "failed"): lambda: _("A like by %(who)s was not delivered."),
    ("delete", "failed"): lambda: _("A message by %(who)s could not be deleted."),
}
_NEXT_STEPS: dict[tuple[str, str], Callable[[], str]] = {
    ("reply", "failed"): lambda: _("The text is a draft again. Open the ticket, fix the problem and send it."),
    ("reply", "blocked"): lambda: _("Nothing was sent. Read the new messages, then send the draft or leave it."),
    ("reply", "uncertain"): lambda: _(
        "Check the platform before you write again. If the reply is there, mark this as settled."
    ),
    ("post", "failed"): lambda: _("Nothing was posted. Write it again, or post it on the platform."),
    ("post", "uncertain"): lambda: _(
        "Check the platform before you post again. If the post is there, mark this as settled."
    ),
    ("like", "failed"): lambda: _("Open the ticket and try again, or like it on the platform."),
    ("delete", "failed"): lambda: _("Readers still see it. Try again, or delete it on the platform."),
}


def sentence(problem: DeliveryProblem) -> str:
    """A sentence on what happened, without any text of the ticket, which some Slack readers may not see."""
    make = _SENTENCES.get((problem.kind, problem.what), lambda: _("A message by %(who)s was not delivered."))
    who = (problem.user.get_full_name() or problem.user.get_username()) if problem.user else _("somebody")
    return make() % {"who": who}


def next_step(problem: DeliveryProblem) -> str:
    """The suggested next step."""
    make = _NEXT_STEPS.get((problem.kind, problem.what), lambda: _("Check the platform, then mark this as settled."))
    return make()
