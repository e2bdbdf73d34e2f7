"""What a bulk reply would send to whom, and who is left out and why. Read-only.

These are ordinary replies of the desk: a ticket that couldn't be answered one by one isn't answered in bulk either.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Max
from django.utils.translation import gettext as _

from channels.models import Channel
from channels.outbox import personal
from mentions.incidents import incidents
from mentions.macros import macros
from mentions.macros.actions import VARIABLES
from mentions.models import Draft, Message, Reply, Ticket
from mentions.people import access
from mentions.people.audience import for_everybody
from mentions.queue import claims
from mentions.replies import handles, outgoing, replies
from team.models import Incident, IncidentKind, IncidentReply

MAX_LINES = 300
"""Per batch; the rest are offered after it."""
MAX_TEXT = 10_000
KNOWN = (*VARIABLES, "incident")
ON_ITS_WAY = (Reply.State.SCHEDULED, Reply.State.QUEUED, Reply.State.UNCERTAIN)
RELATED = ("channel__connection", "requester", "claimed_by")
WAITING = (Ticket.Status.NEW, Ticket.Status.OPEN)
_DASHES = re.compile(r"^-{3,}[ \t]*$", re.MULTILINE)
_VARIABLE = re.compile(r"\{(\w{1,40})\}")


@dataclass(slots=True)
class PreviewLine:
    """One ticket of the batch. `why`: why it is left out. `doubt`: why it is sent only if somebody selects it."""

    ticket: Ticket
    recipient: str
    guard: int = 0
    channel: Channel | None = None
    wording: int = 0
    text: str = ""
    why: str = ""
    doubt: str = ""


@dataclass(slots=True)
class PreviewFacts:
    """Facts about the tickets of a preview, read for all of them at once."""

    guards: dict[int, int]
    wrote_last: set[int]
    """Tickets where the last message is not ours."""
    replying: set[int]
    drafts: set[int]
    public: set[int]
    tickets_by_recipient: dict[str, int]
    """Recipient → the ticket where they get the message."""
    siblings: dict[int, list[Channel]] = field(default_factory=dict)


def wordings(text: str) -> list[str]:
    """The wordings that take turns. Raises ValidationError for empty or too long text, and unknown variables."""
    text = text.replace("\0", "").replace("\r\n", "\n")
    if len(text) > MAX_TEXT:
        raise ValidationError(_("The text is too long. The limit is %(most)s characters.") % {"most": MAX_TEXT})
    found = [part.strip() for part in _DASHES.split(text) if part.strip()]
    if not found:
        raise ValidationError(_("Enter a text."))
    unknown = sorted({name for part in found for name in _VARIABLE.findall(part)} - set(KNOWN))
    if unknown:
        raise ValidationError(
            _("Unknown: %(names)s. You can use %(known)s."),
            params={
                "names": ", ".join(f"{{{name}}}" for name in unknown),
                "known": ", ".join(f"{{{name}}}" for name in KNOWN),
            },
        )
    return found


def lines(
    incident: Incident, kind: str, texts: Sequence[str], user: Any, now: datetime, only: Collection[int] | None = None
) -> list[PreviewLine]:
    """A line for each ticket of the incident that this person may see and whose requester hasn't been told; oldest
    first, at most MAX_LINES. `only`: just these tickets."""
    tickets = _tickets(incident, kind, user, only)
    return _lines(incident, kind, texts, tickets, _facts(incident, kind, tickets, user), user, now)


def line_again(item: IncidentReply, texts: Sequence[str], now: datetime) -> PreviewLine | None:
    """The line of a planned reply as of now, in the same wording; None if the ticket was merged or its sender can no
    longer see it."""
    user = item.batch.by
    tickets = list(access.visible_tickets(user).filter(pk=item.ticket_id, merged_into=None).select_related(*RELATED))
    facts = _facts(item.incident, item.kind, tickets, user)
    facts.tickets_by_recipient.pop(item.recipient, None)
    own = texts[item.wording % len(texts)]
    return next(iter(_lines(item.incident, item.kind, [own], tickets, facts, user, now)), None)


def _lines(
    incident: Incident, kind: str, texts: Sequence[str], tickets: Sequence[Ticket], facts: PreviewFacts, user: Any,
    now: datetime,
) -> list[PreviewLine]:  # fmt: skip
    page = incident.url or incidents.status_page_url(now)
    found: list[PreviewLine] = []
    written = 0
    for ticket in tickets:
        line = PreviewLine(ticket, recipient_of(ticket), facts.guards.get(ticket.pk, 0), wording=written % len(texts))
        line.why = _state_refusal(ticket, kind, facts, now, user) or _already_notified(line, facts.tickets_by_recipient)
        if not line.why:
            _write(line, texts[line.wording], incident, facts, page, user, now)
        if not line.why:
            facts.tickets_by_recipient[line.recipient] = ticket.pk
            written += 1
            line.doubt = _doubt(ticket, kind, facts)
        found.append(line)
    return found


def _tickets(incident: Incident, kind: str, user: Any, only: Collection[int] | None) -> list[Ticket]:
    replied = IncidentReply.objects.filter(incident=incident, kind=kind, state__in=IncidentReply.LIVE).values("ticket")
    members = incident.mentions.filter(is_part=True).values("ticket")
    rows = access.visible_tickets(user).filter(pk__in=members, merged_into=None).exclude(pk__in=replied)
    if only is not None:
        rows = rows.filter(pk__in=list(only))
    return list(rows.select_related(*RELATED).order_by("posted_at", "pk")[:MAX_LINES])


def recipient_of(ticket: Ticket) -> str:
    """The ticket's recipient: the person if known, else the account."""
    person = ticket.requester.person_id
    return f"person:{person}" if person else f"author:{ticket.requester_id}"


def _facts(incident: Incident, kind: str, tickets: Sequence[Ticket], user: Any) -> PreviewFacts:
    ids = [ticket.pk for ticket in tickets]
    about = Message.objects.filter(ticket__in=ids)
    last = about.filter(is_auto=False, is_deleted=False).order_by("ticket", "-posted_at", "-pk").distinct("ticket")
    live = IncidentReply.objects.filter(incident=incident, kind=kind, state__in=IncidentReply.LIVE)
    asked = Draft.objects.filter(ticket__in=ids, user=user).exclude(text="")
    return PreviewFacts(
        guards=dict(about.order_by().values("ticket").annotate(last=Max("pk")).values_list("ticket", "last")),
        wrote_last={
            row[0] for row in last.values_list("ticket", "direction") if row[1] != Message.Direction.TEAM
        },
        replying=set(Reply.objects.filter(ticket__in=ids, state__in=ON_ITS_WAY).values_list("ticket", flat=True)),
        drafts=set(asked.values_list("ticket", flat=True)),
        public=set(for_everybody(Ticket.objects.filter(pk__in=ids)).values_list("pk", flat=True)),
        tickets_by_recipient=dict(live.values_list("recipient", "ticket")),
    )  # fmt: skip


def _state_refusal(ticket: Ticket, kind: str, facts: PreviewFacts, now: datetime, user: Any) -> str:
    """Why the ticket can't be answered in bulk now; "" if it can."""
    if ticket.pk not in facts.public:
        return _("Restricted: answer it by hand.")
    if claims.is_live(ticket, now) and ticket.claimed_by_id != user.pk:
        return str(claims.AlreadyClaimed(ticket))
    if ticket.pk in facts.replying:
        return _("A reply is on its way.")
    if ticket.pk in facts.drafts:
        return _("You have an unsent draft there: send or clear it.")
    if ticket.status == Ticket.Status.CLOSED:
        return _("Closed for good.")
    return _not_waiting(ticket, facts) if kind == IncidentKind.ANSWER else _not_answered(ticket)


def _not_waiting(ticket: Ticket, facts: PreviewFacts) -> str:
    if ticket.waiting_on:
        return _("Parked, waiting for %(what)s.") % {"what": ticket.get_waiting_on_display()}
    if ticket.status not in WAITING or ticket.pk not in facts.wrote_last:
        return _("Nobody is waiting for an answer there.")
    return ""


def _not_answered(ticket: Ticket) -> str:
    return "" if ticket.first_reply_at is not None else _("Nobody has answered it yet.")


def _already_notified(line: PreviewLine, taken: dict[str, int]) -> str:
    other = taken.get(line.recipient)
    return _("The same person is told in #%(id)s.") % {"id": other} if other else ""


def _doubt(ticket: Ticket, kind: str, facts: PreviewFacts) -> str:
    if kind == IncidentKind.OVER and ticket.pk in facts.wrote_last:
        return _("They wrote again after our answer.")
    return ""


def _write(
    line: PreviewLine, text: str, incident: Incident, facts: PreviewFacts, page: str, user: Any, now: datetime
) -> None:  # fmt: skip
    """Fill in the handle and the text, or why there is none."""
    ticket = line.ticket
    line.channel = _handle(ticket, facts, user)
    if line.channel is None:
        line.why = _("The desk can’t reply there: answer on the platform.")
        return
    line.text = rendered(text, ticket, incident, user, now, page)
    if empty := unfilled(line.text):
        line.why = _("There is no value for %(name)s.") % {"name": f"{{{empty}}}"}
        return
    try:
        replies.check(ticket, user, line.channel.pk, line.text, now)
    except replies.ReplyRefused as refused:
        line.why = str(refused)


def _handle(ticket: Ticket, facts: PreviewFacts, user: Any) -> Channel | None:
    """The handle that the composer would propose; None where people answer from their own accounts."""
    connection_id = ticket.channel.connection_id
    if connection_id not in facts.siblings:
        rows = Channel.objects.filter(connection=connection_id).select_related("connection")
        facts.siblings[connection_id] = list(rows)
    message = outgoing.answered_message(ticket)
    options = handles.fitting(handles.reply_options(ticket, user, facts.siblings[connection_id]), message)
    shared = [channel for channel in options.channels if not personal.is_needed(channel.connection)]
    found = handles.advise(ticket, message, shared)
    return found.channel if found else None


def rendered(text: str, ticket: Ticket, incident: Incident, user: Any, now: datetime, page: str) -> str:
    """The text with its variables filled in; those without a value stay."""
    values = {**macros.variables(ticket, user, now, page), "incident": incident.name}
    return _VARIABLE.sub(lambda match: values.get(match[1]) or match[0], text)


def unfilled(text: str) -> str:
    """The first variable that has no value."""
    return next((name for name in _VARIABLE.findall(text) if name in KNOWN), "")
