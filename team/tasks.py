"""Thin, idempotent tasks."""

from __future__ import annotations

from celery import shared_task

from channels.clocks import desk_now
from team import coverage
from team.calendars import following
from team.expertise import rotation
from team.handover import lapsing, reminding
from team.incidents import closing, grouping, opening, sending
from team.meeting import planning as meetings
from team.release import planning, swaps, telling
from team.release_room import reading as release_rooms
from team.release_room import reminding as release_reminders
from team.schedule import announcing, downtime
from team.standing_in import announcing as away
from team.standing_in import handing
from team.urgent import escalating, rules
from team.volunteers import calling, days


@shared_task(name="team.announce_gaps", ignore_result=True)  # type: ignore[untyped-decorator]
def announce_gaps() -> None:
    now = desk_now()
    announcing.announce_gaps(now)
    calling.announce(now)


@shared_task(name="team.note_pause", ignore_result=True)  # type: ignore[untyped-decorator]
def note_pause() -> None:
    """Every minute: reports what an outage of the scheduler skipped."""
    downtime.note(desk_now())


@shared_task(name="team.publish_coverage", ignore_result=True)  # type: ignore[untyped-decorator]
def publish_coverage() -> None:
    coverage.publish(desk_now())


@shared_task(name="team.read_calendars", ignore_result=True)  # type: ignore[untyped-decorator]
def read_calendars() -> None:
    """Every minute: calendars that are due, each quarter of an hour or when an admin saves it."""
    following.read_due(desk_now())


@shared_task(name="team.follow_releases", ignore_result=True)  # type: ignore[untyped-decorator]
def follow_releases() -> None:
    now = desk_now()
    planning.plan(now)
    swaps.lapse(now)
    telling.announce(now)


@shared_task(name="team.read_release_rooms", ignore_result=True)  # type: ignore[untyped-decorator]
def read_release_rooms() -> None:
    """Every minute: on a release day, the messages in its Slack channel."""
    now = desk_now()
    release_rooms.read_due(now)
    release_reminders.run(now)


@shared_task(name="team.rotate_expertises", ignore_result=True)  # type: ignore[untyped-decorator]
def rotate_expertises() -> None:
    rotation.follow(desk_now())


@shared_task(name="team.prompt_meetings", ignore_result=True)  # type: ignore[untyped-decorator]
def prompt_meetings() -> None:
    now = desk_now()
    meetings.plan(now)
    meetings.prompt(now)


@shared_task(name="team.follow_volunteers", ignore_result=True)  # type: ignore[untyped-decorator]
def follow_volunteers() -> None:
    days.run(desk_now())


@shared_task(name="team.follow_stand_ins", ignore_result=True)  # type: ignore[untyped-decorator]
def follow_stand_ins() -> None:
    """Every minute: roles pass to stand-ins and back; the team hears of absences ahead."""
    now = desk_now()
    handing.follow(now)
    away.announce(now)


@shared_task(name="team.follow_urgent", ignore_result=True)  # type: ignore[untyped-decorator]
def follow_urgent() -> None:
    """Every 15 s, and when a post was delivered."""
    escalating.run(desk_now())


@shared_task(name="team.mark_urgent", ignore_result=True)  # type: ignore[untyped-decorator]
def mark_urgent(message_ids: list[int] | None = None) -> None:
    """For new messages, and every five minutes for recent ones."""
    rules.mark(message_ids, desk_now())


@shared_task(name="team.follow_incidents", ignore_result=True)  # type: ignore[untyped-decorator]
def follow_incidents() -> None:
    """Every 15 s: the status page, merged tickets, messages to the team, and reports."""
    now = desk_now()
    opening.follow(now)
    grouping.follow_merges(now)
    closing.follow(now)


@shared_task(name="team.send_incident_replies", ignore_result=True)  # type: ignore[untyped-decorator]
def send_incident_replies() -> None:
    """When a bulk reply was planned, and every 15 s."""
    sending.run(desk_now())


@shared_task(name="team.remind_hand_over", ignore_result=True)  # type: ignore[untyped-decorator]
def remind_hand_over() -> None:
    """Every five minutes: reminds people whose day is ending, and tells the team about days that ended without a
    hand-over."""
    now = desk_now()
    reminding.run(now)
    lapsing.run(now)
