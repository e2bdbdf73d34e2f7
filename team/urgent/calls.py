"""The verbs of an urgent call: ask, take, withdraw, and what ends it elsewhere. Each is logged on the ticket."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from channels.models.connection import Priority
from channels.outbox import slack_posts
from mentions.db import locks
from mentions.models import EventKind, Ticket
from mentions.people import audience
from mentions.queue import claims
from mentions.tickets import parking
from mentions.tickets.transitions import OutcomeRefused, record
from mentions.triage import assigning, priorities
from mentions.undo import window
from team import roster
from team.duties.slack import name_of
from team.models import UrgentCall, UrgentPerson, UrgentRule
from team.urgent import oncall, posts, reaching, wording

RELATED = ("ticket__channel__connection", "ticket__requester", "taken_by", "asked_by", "rule")
ENDED = (Ticket.Status.PENDING, Ticket.Status.SOLVED, Ticket.Status.CLOSED)
MAX_ROOMS = 10


@transaction.atomic
def ask(
    ticket_id: int,
    actor: Any,
    *,
    now: datetime,
    why: str = "",
    rooms: Iterable[str] = (),
    rule: UrgentRule | None = None,
    is_quiet: bool = False,
) -> UrgentCall:
    """Mark the ticket as urgent and call the team, or (`is_quiet`) only show it on the pages; a ticket has one running
    call at most. A call made by a person waits for the undo window. Raises OutcomeRefused for a ticket that is done."""
    ticket = Ticket.objects.select_for_update().get(pk=ticket_id)
    if ticket.merged_into_id or ticket.status in ENDED:
        raise OutcomeRefused(_("Ticket #%(id)s is not open. Reopen it first.") % {"id": ticket.pk})
    if running := _running(ticket_id):
        return running
    call = UrgentCall.objects.create(
        ticket=ticket, asked_by=actor, rule=rule, asked_at=now, priority_before=ticket.priority,
        why=why.replace("\0", "").strip()[:300],
    )  # fmt: skip
    priorities.change(ticket, Priority.URGENT)
    record(ticket, actor, now, EventKind.URGENT, {"said": "asked", "call": call.pk, "note": wording.reason(call)})
    if is_quiet:
        return call
    start = window.end_of_outcome(now) if actor is not None else now
    ping = wording.group_ping() if _pings_everybody(call, start) else ""
    posts.post(call, settings.TEAM_SLACK_CHANNEL, start, ping=ping)
    if rooms and not audience.circle_of([ticket]).channels:
        _post_in(call, rooms, actor, start, now)
    begin(call, start, now)
    return call


def _pings_everybody(call: UrgentCall, start: datetime) -> bool:
    """Not if the team has already been pinged, and not outside coverage hours while somebody on call is reached: the
    others are called if nobody takes it."""
    if call.rule is not None and not call.rule.pings_team:
        return False
    people = [] if oncall.is_covered(call.ticket, start) else roster.on_call_now(start)
    return not any(oncall.may_take(user, call.ticket) for user in people if user.pk != call.asked_by_id)


def _running(ticket_id: int) -> UrgentCall | None:
    return UrgentCall.objects.filter(ticket=ticket_id, state__in=UrgentCall.RUNNING).select_related(*RELATED).first()


def begin(call: UrgentCall, start: datetime, now: datetime) -> None:
    """The first step of a round: outside of coverage hours, whoever is on duty is called."""
    call.step, call.due_at = 0, start + timedelta(minutes=settings.URGENT_ESCALATE_MINUTES)
    call.save(update_fields=["step", "due_at"])
    if not oncall.is_covered(call.ticket, start):
        call_people(call, oncall.on_duty(call.ticket, start, besides=call.asked_by_id), start, now)


def call_people(call: UrgentCall, people: list[Any], start: datetime, now: datetime) -> None:
    reaching.reach(call, people, start, with_pager=not oncall.is_covered(call.ticket, now))
    if people:
        data = {"said": "called", "call": call.pk, "who": ", ".join(name_of(user) for user in people)}
        record(call.ticket, None, now, EventKind.URGENT, data)


@transaction.atomic
def post_in(call_id: int, actor: Any, rooms: Iterable[str], now: datetime) -> UrgentCall:
    """Post a running call in further Slack channels, once in each. Raises OutcomeRefused for a restricted ticket."""
    call = _locked(call_id)
    if not call.is_running:
        raise OutcomeRefused(_("This is no longer urgent."))
    circle = audience.circle_of([call.ticket])
    if circle.channels:
        raise OutcomeRefused(
            _("%(names)s is restricted, so it cannot be shared with everybody.") % {"names": circle.names}
        )
    _post_in(call, rooms, actor, window.end_of_outcome(now), now)
    return call


def _post_in(call: UrgentCall, rooms: Iterable[str], actor: Any, start: datetime, now: datetime) -> None:
    known = set(call.posts.values_list("slack_channel", flat=True))
    named_rooms = dict.fromkeys(room.strip() for room in rooms)
    wanted = [room for room in named_rooms if room not in known and slack_posts.is_channel_name(room)]
    for room in wanted[:MAX_ROOMS]:
        posts.post(call, room, start)
        record(call.ticket, actor, now, EventKind.SHARED, {"channel": room})


@transaction.atomic
def take(call_id: int, user: Any, now: datetime) -> UrgentCall:
    """The call, taken by this person or, before them, by somebody else. The ticket becomes theirs, and returns to the
    queue if it was parked. Taking it twice changes nothing. Raises OutcomeRefused if they can't work on it."""
    call = _locked(call_id)
    if not oncall.may_take(user, call.ticket):
        raise OutcomeRefused(_("Only somebody who works on the queue and may see the ticket can take it."))
    if call.state == UrgentCall.State.OPEN:
        _take(call, user, now)
    return call


def take_by_key(key: UUID, user: Any, now: datetime) -> UrgentCall | None:
    """As `take`; None if there is no such call."""
    call_id = UrgentCall.objects.filter(key=key).values_list("pk", flat=True).first()
    return take(call_id, user, now) if call_id else None


def _take(call: UrgentCall, user: Any, now: datetime) -> None:
    call.state, call.taken_by, call.taken_at = UrgentCall.State.TAKEN, user, now
    call.due_at = now + timedelta(minutes=settings.URGENT_TAKEN_MINUTES)
    see(call, user, now)
    change(call, now, user, {"said": "taken"})
    _give(call, user, now)
    resolve_pager(call, now)


def _give(call: UrgentCall, user: Any, now: datetime) -> None:
    """The ticket becomes theirs: if its holder called for help, the claim is released; any other holder keeps it."""
    ticket = call.ticket
    holder = ticket.claimed_by if claims.is_live(ticket, now) else None
    if holder is not None and holder.pk not in (user.pk, call.asked_by_id):
        return
    assigning.assign(ticket.pk, holder or user, user, now)
    if ticket.waiting_on:
        parking.wake(ticket.pk, None, now=now, why=_("urgent"))


def pass_on(call_id: int, to: Any | None, now: datetime) -> None:
    """Whoever took it hands it over: to `to`, or back to everybody. In the caller's transaction."""
    call = _locked(call_id)
    if call.state != UrgentCall.State.TAKEN:
        return
    if to is None:
        free(call, now)
        return
    call.taken_by, call.taken_at = to, now
    call.due_at = now + timedelta(minutes=settings.URGENT_TAKEN_MINUTES)
    change(call, now, to, {"said": "taken"})


def free(call: UrgentCall, now: datetime) -> None:
    """Open again, in a new round: everybody may be called once more. The caller has locked the call."""
    who = name_of(call.taken_by)
    call.state, call.taken_by, call.taken_at = UrgentCall.State.OPEN, None, None
    call.round += 1
    call.step = 0
    change(call, now, None, {"said": "freed", "who": who})
    begin(call, now, now)


@transaction.atomic
def withdraw(call_id: int, actor: Any, now: datetime) -> UrgentCall:
    """No longer urgent: unsent posts are cancelled, and the threads of sent ones are told. Once."""
    call = _locked(call_id)
    if not call.is_running:
        return call
    end(call, UrgentCall.State.WITHDRAWN, actor, now)
    if call.ticket.priority == Priority.URGENT:
        priorities.change(call.ticket, call.priority_before)
    return call


def end(call: UrgentCall, state: UrgentCall.State, actor: Any, now: datetime) -> None:
    """The caller has locked the call."""
    call.state, call.due_at, call.ended_by, call.ended_at = state, None, actor, now
    call.people.exclude(mail_at=None).update(mail_at=None)
    change(call, now, actor, {"said": str(state)})
    posts.cancel_unsent(call, now)
    resolve_pager(call, now)


def resolve_pager(call: UrgentCall, now: datetime) -> None:
    if reaching.was_paged(call):
        reaching.page(call, "urgent.ended", [], f"{call.round} {call.state}", now)


def change(call: UrgentCall, now: datetime, actor: Any, data: dict[str, Any]) -> None:
    """Save the call as changed: logged on the ticket, shown in Slack."""
    call.revision += 1
    call.save()
    record(call.ticket, actor, now, EventKind.URGENT, {"call": call.pk, **data})
    posts.refresh(call, now)


def see(call: UrgentCall, user: Any, now: datetime) -> None:
    person, _is_new = UrgentPerson.objects.get_or_create(call=call, user=user)
    if person.seen_at is None:
        UrgentPerson.objects.filter(pk=person.pk, seen_at=None).update(seen_at=now)


def _locked(call_id: int) -> UrgentCall:
    return locks.with_ticket(UrgentCall.objects.select_related(*RELATED), call_id)
