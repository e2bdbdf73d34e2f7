"""Thin, idempotent tasks; each may run twice or get lost: the sweep does the same work."""

from __future__ import annotations

from celery import shared_task

from channels import sweeps
from channels.clocks import desk_now
from experts.community import answers as community_answers
from experts.community import sharing, taking
from experts.directory import post_authors
from experts.feedback import digests
from experts.listening import buttons, threads
from experts.outreach import answers, ending, outreach, reminders, sent_drafts, talking
from experts.people_lists import team_pages


@shared_task(name="experts.apply_delivery", ignore_result=True)  # type: ignore[untyped-decorator]
def apply_delivery(outbound_id: int) -> None:
    outreach.apply_delivery(outbound_id, desk_now())
    sharing.apply_delivery(outbound_id, desk_now())
    sent_drafts.settle(desk_now())


@shared_task(name="experts.recognise_answers", ignore_result=True)  # type: ignore[untyped-decorator]
def recognise_answers(message_ids: list[int]) -> None:
    answers.recognise(message_ids, desk_now())
    talking.tell_news(message_ids, desk_now())
    community_answers.recognise(message_ids, desk_now())


@shared_task(name="experts.sweep", ignore_result=True)  # type: ignore[untyped-decorator]
def sweep() -> None:
    """Every minute: deliveries and answers whose signal was lost, then requests that are no longer needed."""
    now = desk_now()
    sweeps.each("outreaches", outreach.unsettled(), lambda pk: outreach.apply_delivery(pk, now))
    sweeps.each("community shares", sharing.unsettled(), lambda pk: sharing.apply_delivery(pk, now))
    answers.sweep(now)
    community_answers.sweep(now)
    taking.tidy(now)
    talking.tell_news(None, now)
    sent_drafts.settle(now)
    reminders.run(now)
    ending.withdraw_needless(now)
    buttons.forget(now)


@shared_task(name="experts.read_post_authors", ignore_result=True)  # type: ignore[untyped-decorator]
def read_post_authors() -> None:
    """Every minute: who wrote the posts that people comment on."""
    post_authors.read_new(desk_now())


@shared_task(name="experts.read_team_pages", ignore_result=True)  # type: ignore[untyped-decorator]
def read_team_pages() -> None:
    """Every minute: team pages that are due, daily or by button."""
    team_pages.read_due(desk_now())


@shared_task(name="experts.post_feedback", ignore_result=True)  # type: ignore[untyped-decorator]
def post_feedback() -> None:
    """Every minute: outcomes of feedback that follow automatically, and digests that are due."""
    digests.run(desk_now())


@shared_task(name="experts.read_threads", ignore_result=True)  # type: ignore[untyped-decorator]
def read_threads() -> None:
    """Every minute: what experts say in the Slack threads of running requests."""
    threads.read_due(desk_now())
