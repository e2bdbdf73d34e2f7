"""Outcomes of feedback: set on its page, by a button in Slack, or by an issue linked to its ticket."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef

from channels import sweeps
from experts.models import Feedback

State = Feedback.State
ACTIONS = {f"feedback_{state}": state for state in (State.ANSWERED, State.ISSUE, State.SHIPPED)}
"""Action id of a button in Slack → the state that it sets."""
PORTION = 500


@transaction.atomic
def settle(feedback_id: int, state: str, by: str, now: datetime) -> bool:
    """Set the state; return whether it changed. The next digest reports it."""
    found = Feedback.objects.select_for_update().get(pk=feedback_id)
    if found.state == state:
        return False
    found.state, found.state_at, found.state_by = State(state), now, by[:120]
    found.save(update_fields=["state", "state_at", "state_by"])
    return True


def settle_by_key(key: UUID, state: str, by: str, now: datetime) -> bool:
    """For a button in Slack. False if the feedback no longer exists."""
    feedback_id = Feedback.objects.filter(key=key).values_list("pk", flat=True).first()
    return feedback_id is not None and settle(feedback_id, state, by, now)


def follow_issues(now: datetime) -> int:
    """Mark open feedback as *issue opened* if its ticket has a linked issue; return how many."""
    linked = Feedback.objects.filter(state=State.OPEN, ticket__issue_links__at__gte=F("state_at"))
    ids = list(linked.order_by("pk").values_list("pk", flat=True).distinct()[:PORTION])
    return sweeps.each("feedback", ids, lambda pk: settle(pk, State.ISSUE, "", now))


def follow_merges() -> int:
    """Move feedback on merged tickets to the ticket they were merged into; return how many. If a topic already has the
    target, both entries stay: each has its own summary."""
    duplicate = Feedback.objects.filter(topic=OuterRef("topic"), ticket=OuterRef("ticket__merged_into"))
    merged = Feedback.objects.filter(~Exists(duplicate), ticket__merged_into__isnull=False)
    return sweeps.each("feedback of merged tickets", merged.order_by("pk")[:PORTION], _follow_merge)


@transaction.atomic
def _follow_merge(feedback: Feedback) -> bool:
    found = Feedback.objects.select_for_update(of=("self",)).select_related("ticket").get(pk=feedback.pk)
    target = found.ticket.merged_into_id
    if target is None or Feedback.objects.filter(topic=found.topic_id, ticket=target).exists():
        return False
    found.ticket_id = target
    found.save(update_fields=["ticket"])
    return True
