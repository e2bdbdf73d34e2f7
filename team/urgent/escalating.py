"""Time-based steps of an urgent call: it escalates while nobody takes it, is freed if whoever took it does nothing, and
ends with its ticket. Run by the sweep; each step happens once, whoever runs it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from channels import sweeps
from channels.outbox import slack_posts
from mentions.db import locks
from mentions.models import EventKind, Message, Reply, Ticket
from mentions.queue import claims
from mentions.tickets.transitions import record
from team.duties.slack import name_of
from team.models import UrgentCall
from team.urgent import calls, oncall, posts, reaching, wording
from team.urgent.wording import LAST_STEP


def run(now: datetime) -> int:
    """Every running call, and every post that shows an older state; returns how many calls changed."""
    running = UrgentCall.objects.filter(state__in=UrgentCall.RUNNING).order_by("pk")
    changed = sweeps.each("urgent calls", list(running.values_list("pk", flat=True)[:200]), lambda pk: _run(pk, now))
    sweeps.each("urgent posts", posts.stale_calls(now), lambda pk: _refresh(pk, now))
    reaching.send_mails(now)
    return changed


@transaction.atomic
def _run(call_id: int, now: datetime) -> bool:
    call = locks.with_ticket(UrgentCall.objects.select_related(*calls.RELATED), call_id)
    if not call.is_running:
        return False
    if _settled(call, now):
        return True
    if call.due_at is None or call.due_at > now:
        return False
    if call.state == UrgentCall.State.OPEN:
        _escalate(call, now)
    elif _is_worked(call, now):
        call.due_at = now + timedelta(minutes=settings.URGENT_TAKEN_MINUTES)
        call.save(update_fields=["due_at"])
    else:
        calls.free(call, now)
    return True


@transaction.atomic
def _refresh(call_id: int, now: datetime) -> bool:
    posts.refresh(locks.with_ticket(UrgentCall.objects.select_related(*calls.RELATED), call_id), now)
    return True


def _settled(call: UrgentCall, now: datetime) -> bool:
    """Done elsewhere: merged, solved, or claimed in the queue."""
    ticket = call.ticket
    if ticket.merged_into_id:
        return _moved(call, ticket.merged_into_id, now)
    if ticket.status in calls.ENDED:
        calls.end(call, UrgentCall.State.OVER, None, now)
        return True
    holder = ticket.claimed_by if claims.is_live(ticket, now) else None
    if call.state == UrgentCall.State.OPEN and holder is not None and holder.pk != call.asked_by_id:
        calls.take(call.pk, holder, now)
        return True
    return False


def _moved(call: UrgentCall, target_id: int, now: datetime) -> bool:
    """The call moves with the conversation, unless the other ticket is already urgent or done."""
    target = Ticket.objects.select_for_update().get(pk=target_id)
    is_free = not target.urgent_calls.filter(state__in=UrgentCall.RUNNING).exists()
    if not is_free or target.status in calls.ENDED or target.urgent_calls.filter(rule=call.rule_id or 0).exists():
        calls.end(call, UrgentCall.State.OVER, None, now)
        return True
    call.ticket = target
    call.save(update_fields=["ticket"])
    record(target, None, now, EventKind.URGENT, {"said": "asked", "call": call.pk})
    return True


def _escalate(call: UrgentCall, now: datetime) -> None:
    """The next person, then everybody else; both at once if there is nobody to call alone. A step that was missed
    during an outage says so in the thread, and still counts as one step."""
    delay = wording.late(now - call.due_at) if call.due_at is not None else ""
    known = {*reaching.called(call), call.asked_by_id}
    left = [user for user in oncall.in_order(call.ticket, now) if user.pk not in known]
    call.step += 1
    if call.step < LAST_STEP and len(left) > 1:
        left = left[:1]
        call.due_at = now + timedelta(minutes=settings.URGENT_ESCALATE_MINUTES)
    else:
        call.step, call.due_at = LAST_STEP, None
    data = {"said": "escalated", "step": call.step, "who": ", ".join(name_of(user) for user in left)}
    calls.change(call, now, None, data)
    reaching.reach(call, left, now, with_pager=not oncall.is_covered(call.ticket, now))
    if delay:
        posts.say(call, f"late {call.round} {call.step}", slack_posts.escaped(delay), now)


def _is_worked(call: UrgentCall, now: datetime) -> bool:
    """Whether anything happened since it was taken: claimed, parked, answered."""
    ticket, since = call.ticket, call.taken_at
    if claims.is_live(ticket, now) or ticket.waiting_on:
        return True
    answers = Message.objects.filter(ticket=ticket, direction=Message.Direction.TEAM, posted_at__gt=since)
    return answers.exists() or Reply.objects.filter(ticket=ticket, created_at__gt=since).exists()
