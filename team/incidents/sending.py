"""Bulk replies: planned in one transaction, submitted one by one, spread in time, taken back together.

Nobody is told twice: a constraint allows one `IncidentReply` per ticket, person and kind, planned or sent, and the
incident's row is locked while a batch is planned. The sweep finishes a batch that a dead process left behind, even one
that was being taken back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from channels import sweeps
from channels.dispatch import task_after_commit
from channels.registry.finding_adapters import adapter_for
from mentions.db import locks
from mentions.models import EventKind, Reply
from mentions.people import access
from mentions.queue import claims
from mentions.replies import replies
from mentions.tickets.transitions import OutcomeRefused, record
from mentions.undo import window
from team.incidents import opening, preview
from team.incidents.preview import PreviewLine
from team.models import Incident, IncidentBatch, IncidentKind, IncidentReply

State = IncidentReply.State
TASK = "team.send_incident_replies"
STATUSES = ("pending", "solved")
REFUSALS = (
    claims.AlreadyClaimed, claims.ClaimLost, OutcomeRefused, PermissionDenied, replies.ReplyRefused, replies.ThreadMoved
)  # fmt: skip
WITHDRAWN = (Reply.State.UNDONE, Reply.State.BLOCKED)
"""Replies that were never sent and never will be: their requesters may be told again."""


class SendingRefused(Exception):
    """Nothing was planned; the text says why."""


@dataclass(frozen=True, slots=True)
class Undone:
    taken_back: int
    gone: int
    """Too late for these."""


@transaction.atomic
def begin(
    incident_id: int,
    actor: Any,
    *,
    key: UUID,
    kind: str,
    text: str,
    status_after: str,
    chosen: Mapping[int, int],
    now: datetime,
) -> IncidentBatch:
    """Plan a batch; a worker submits it. `chosen`: ticket → the last message the preview showed. The same key gives
    the same batch. Raises SendingRefused, ValidationError for the text, PermissionDenied."""
    access.require(actor, access.BULK)
    incident = opening.locked(incident_id)
    if known := IncidentBatch.objects.filter(key=key).first():
        return _same(known, incident, actor)
    _check(incident, kind, status_after)
    texts = preview.wordings(text)
    _free_withdrawn(incident, kind)
    found = preview.lines(incident, kind, texts, actor, now, only=chosen)
    if not any(not line.why for line in found):
        raise SendingRefused(_("Nobody is left to tell: everybody has been told, or can’t be reached from here."))
    batch = IncidentBatch.objects.create(
        incident=incident, key=key, kind=kind, text="\n---\n".join(texts), status_after=status_after, by=actor, at=now
    )
    _plan(batch, found, chosen, now)
    task_after_commit(TASK)
    return batch


def _same(known: IncidentBatch, incident: Incident, actor: Any) -> IncidentBatch:
    if known.incident_id != incident.pk or known.by_id != actor.pk:
        raise SendingRefused(_("This was sent for another incident. Reload the page."))
    return known


def _check(incident: Incident, kind: str, status_after: str) -> None:
    if kind not in IncidentKind.values or status_after not in STATUSES:
        raise SendingRefused(_("Choose the kind of reply and the status afterwards."))
    if incident.state == Incident.State.CLOSED:
        raise SendingRefused(_("“%(name)s” is closed. Reopen it first.") % {"name": incident.name})
    if kind == IncidentKind.OVER and incident.state != Incident.State.OVER:
        raise SendingRefused(_("“%(name)s” is not over.") % {"name": incident.name})


def _free_withdrawn(incident: Incident, kind: str) -> None:
    never_sent = IncidentReply.objects.filter(incident=incident, kind=kind, state=State.SUBMITTED)
    never_sent.filter(reply__state__in=WITHDRAWN).update(state=State.UNDONE)


def _plan(batch: IncidentBatch, found: list[PreviewLine], chosen: Mapping[int, int], now: datetime) -> None:
    written = [line for line in found if not line.why and line.channel is not None]
    # Two batches planned at the same moment would get the same times.
    locks.lock_names(sorted({f"bulk replies {line.channel.connection_id}" for line in written if line.channel}))
    at = start_times(written, now)
    rows = [
        IncidentReply(
            batch=batch, incident=batch.incident, kind=batch.kind, ticket=line.ticket, channel=line.channel,
            recipient=line.recipient, wording=line.wording, guard_message_id=chosen[line.ticket.pk],
            send_at=at.get(line.ticket.pk), why=line.why[:400],
            state=State.LEFT_OUT if line.why else State.PLANNED,
        )
        for line in sorted(found, key=lambda line: line.ticket.pk)
    ]  # fmt: skip
    IncidentReply.objects.bulk_create(rows)


def start_times(found: list[PreviewLine], now: datetime) -> dict[int, datetime]:
    """Ticket → when its reply may go out: one by one on each connection, after those of earlier batches."""
    connections = sorted({line.channel.connection_id for line in found if line.channel is not None})
    before = IncidentReply.objects.filter(
        channel__connection__in=connections, state__in=IncidentReply.LIVE, send_at__gt=now - timedelta(hours=1)
    )
    last = dict(before.order_by().values_list("channel__connection").annotate(last=Max("send_at")))
    times = {}
    for line in found:
        if line.channel is None:
            continue
        step = timedelta(seconds=adapter_for(line.channel.connection.platform).bulk_interval_s)
        previous = last.get(line.channel.connection_id)
        at = max(window.end(now), previous + step) if previous is not None else window.end(now)
        times[line.ticket.pk] = last[line.channel.connection_id] = at
    return times


# --- carried out by a worker ------------------------------------------------------------------------------------------


def run(now: datetime) -> int:
    """Submit what is planned, and finish what is being taken back. Returns how many replies changed."""
    planned = IncidentReply.objects.filter(state=State.PLANNED).order_by("ticket_id", "pk")
    done = sweeps.each("incident replies", list(planned.values_list("pk", flat=True)), lambda pk: _submit(pk, now))
    stuck = IncidentReply.objects.filter(
        state=State.SUBMITTED, batch__undone_at__isnull=False, reply__state=Reply.State.SCHEDULED
    ).order_by("ticket_id")
    return done + sweeps.each(
        "undone incident replies", list(stuck.values_list("pk", flat=True)), lambda pk: _undo(pk, now)
    )


@locks.once_more
def _submit(item_id: int, now: datetime) -> bool:
    related = ("batch__by", "incident", "ticket", "ticket__requester", "ticket__channel")
    item = locks.with_ticket(IncidentReply.objects.select_related(*related), item_id)
    if item.state != State.PLANNED:
        return False
    batch = IncidentBatch.objects.get(pk=item.batch_id)  # read after the lock
    if batch.undone_at is not None:
        return _settle(item, State.UNDONE)
    try:
        with transaction.atomic():
            item.reply = _reply(item, now)
    except REFUSALS as refused:
        item.why = str(refused)[:400]
        _log(item, batch.by, now, "left_out", why=item.why)
        return _settle(item, State.LEFT_OUT)
    _log(item, batch.by, now, "answered" if item.kind == IncidentKind.ANSWER else "over")
    return _settle(item, State.SUBMITTED)


def _reply(item: IncidentReply, now: datetime) -> Reply:
    """Submit one planned reply. Raises one of REFUSALS if something has changed since the preview."""
    batch = item.batch
    line = preview.line_again(item, preview.wordings(batch.text), now)
    if line is None:
        raise OutcomeRefused(_("It was merged, or its sender can no longer see it."))
    if line.why or line.channel is None:
        raise OutcomeRefused(line.why)
    return replies.submit(
        item.ticket_id,
        batch.by,
        None,
        key=uuid5(batch.key, str(item.ticket_id)),
        text=line.text,
        channel_id=line.channel.pk,
        guard_message_id=item.guard_message_id,
        status_after=batch.status_after,
        now=now,
        not_before=item.send_at,
    )


def _settle(item: IncidentReply, state: str) -> bool:
    item.state = state
    item.save(update_fields=["state", "why", "reply"])
    return True


def _log(item: IncidentReply, actor: Any, now: datetime, said: str, **more: Any) -> None:
    data = {"said": said, "incident": item.incident_id, "name": item.incident.name, **more}
    record(item.ticket, actor, now, EventKind.INCIDENT, data)


# --- taken back -------------------------------------------------------------------------------------------------------


def undo(batch_id: int, actor: Any, now: datetime) -> Undone:
    """Take back everything not sent yet; once. Raises PermissionDenied for somebody else's batch without the right to
    delete replies."""
    _mark_undone(batch_id, actor, now)
    items = IncidentReply.objects.filter(batch=batch_id, state__in=IncidentReply.LIVE).order_by("ticket_id")
    taken_back = sweeps.each(
        "undone incident replies", list(items.values_list("pk", flat=True)), lambda pk: _undo(pk, now)
    )
    return Undone(taken_back, items.count())


@transaction.atomic
def _mark_undone(batch_id: int, actor: Any, now: datetime) -> None:
    batch = IncidentBatch.objects.select_for_update(no_key=True).get(pk=batch_id)
    if batch.by_id != actor.pk:
        access.require(actor, access.DELETE_REPLY)
    if batch.undone_at is None:
        batch.undone_at, batch.undone_by = now, actor
        batch.save(update_fields=["undone_at", "undone_by"])


@locks.once_more
def _undo(item_id: int, now: datetime) -> bool:
    item = locks.with_ticket(IncidentReply.objects.select_related("batch__undone_by", "incident", "ticket"), item_id)
    actor = item.batch.undone_by
    if item.state == State.PLANNED:
        return _settle(item, State.UNDONE)
    if item.state != State.SUBMITTED or item.reply_id is None:
        return False
    try:
        reply = replies.undo(item.reply_id, actor, now, keeps_text=False)
    except replies.TooLate:
        return False
    _log(item, actor, now, "undone")
    return reply.state == Reply.State.UNDONE and _settle(item, State.UNDONE)
