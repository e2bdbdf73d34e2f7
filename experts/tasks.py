"""Thin, idempotent tasks; each may run twice or get lost: the sweep does the same work."""

from __future__ import annotations

from celery import shared_task

from channels import sweeps
from channels.clocks import desk_now
from experts.outreach import answers, outreach


@shared_task(name="experts.apply_delivery", ignore_result=True)  # type: ignore[untyped-decorator]
def apply_delivery(outbound_id: int) -> None:
    outreach.apply_delivery(outbound_id, desk_now())


@shared_task(name="experts.recognise_answers", ignore_result=True)  # type: ignore[untyped-decorator]
def recognise_answers(message_ids: list[int]) -> None:
    answers.recognise(message_ids, desk_now())


@shared_task(name="experts.sweep", ignore_result=True)  # type: ignore[untyped-decorator]
def sweep() -> None:
    """Every minute: handles deliveries and answers whose signal was lost."""
    now = desk_now()
    sweeps.each("outreaches", outreach.unsettled(), lambda pk: outreach.apply_delivery(pk, now))
    answers.sweep(now)
