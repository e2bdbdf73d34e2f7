"""Outreach: posts the request in Slack, parks the ticket, and handles the response."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from channels.models import OutboundItem
from channels.outbox import slack_posts
from channels.toolkit.links import web_address
from experts import wording
from experts.models import Expert, Outreach, OutreachText, Topic
from mentions.db import locks
from mentions.models import EventKind, Message, Ticket
from mentions.tickets import parking
from mentions.tickets.transitions import OutcomeRefused, lock_open, record
from mentions.triage import notes, tagging

REACHED_OUT_TAG = "reached-out-to-expert"
_SALT = "experts.respond"
RESPOND_DAYS = 60
MAX_WORDS = 5000


def respond_url(key: UUID | str) -> str:
    """URL of the response page for the expert; the signed link needs no login."""
    return settings.BASE_URL + reverse("experts:respond", args=[signing.dumps(str(key), salt=_SALT)])


def key_in(signed: str) -> UUID:
    """The key in a signed link. Raises `signing.BadSignature` if it's forged or expired."""
    return UUID(signing.loads(signed, salt=_SALT, max_age=RESPOND_DAYS * 86_400))


def proposal(ticket: Ticket, asked: Expert | Topic, key: UUID | str, actor: Any, platform: str) -> str:
    """The proposed message; the advocate may edit it before sending."""
    template = OutreachText.objects.first()
    facts = wording.Facts(
        who=address(asked),
        link=link_of(ticket),
        platform=platform,
        respond=respond_url(key),
        advocate=actor.get_full_name() or actor.get_username(),
    )
    return wording.filled(template.text if template else wording.DEFAULT_TEXT, facts)


def address(asked: Expert | Topic) -> str:
    """How the text addresses a person or team: `@handle`, or the name."""
    handle = asked.slack_handle if isinstance(asked, Expert) else asked.slack_mention
    return f"@{handle.removeprefix('@')}" if handle else str(asked)


def link_of(ticket: Ticket) -> str:
    """URL of the question on the platform; for mail, which has none, the ticket's."""
    asked = (
        ticket.messages.filter(direction=Message.Direction.INBOUND).exclude(url="").order_by("posted_at", "pk").last()
    )
    return (
        asked.url
        if asked and web_address(asked.url)
        else settings.BASE_URL + reverse("mentions:ticket", args=[ticket.pk])
    )


@transaction.atomic
def ask(
    ticket_id: int,
    actor: Any,
    token: UUID | str | None,
    *,
    key: UUID,
    asked: Expert | Topic,
    slack_channel: str,
    text: str,
    until: datetime | None,
    now: datetime,
) -> Outreach:
    """Post the request (through the outbox), record it, and park the ticket until the answer or `until`.

    Idempotent per `key`. Raises OutcomeRefused, ClaimLost, AlreadyClaimed.
    """
    Ticket.objects.select_for_update().get(pk=ticket_id)
    if before := Outreach.objects.filter(outbound__key=key).first():
        return before
    ticket = lock_open(ticket_id, actor, token, now)
    channel = _checked(slack_channel, text, ticket)
    posted = slack_posts.post_message(
        key=key, conversation=f"outreach:{ticket.pk}", channel=channel, text=_for_slack(text, asked), not_before=now
    )
    outreach = Outreach.objects.create(
        ticket=ticket,
        expert=asked if isinstance(asked, Expert) else None,
        topic=asked if isinstance(asked, Topic) else None,
        asked_by=actor,
        text=text,
        slack_channel=channel,
        outbound=posted,
        asked_at=now,
    )
    tagging.change(ticket, [REACHED_OUT_TAG], [])
    note = _("Asked %(who)s in %(channel)s.") % {"who": asked, "channel": channel}
    data = {"outreach": outreach.pk, "who": str(asked), "channel": channel}
    expert = Ticket.WaitingOn.EXPERT
    parking.set_aside(ticket, actor, now, EventKind.OUTREACH, waiting_on=expert, until=until, note=note, data=data)
    return outreach


def _checked(slack_channel: str, text: str, ticket: Ticket) -> str:
    channel = slack_channel.strip()
    if len(channel.removeprefix("#")) == 0:
        raise OutcomeRefused(_("Enter the Slack channel to ask in."))
    if wording.SEARCH_PHRASE not in text:
        raise OutcomeRefused(
            _("Keep the phrase “%(phrase)s” in the text: requests are counted by searching for it.")
            % {"phrase": wording.SEARCH_PHRASE}
        )
    if link_of(ticket) not in text:
        raise OutcomeRefused(_("Keep the link to the mention in the text."))
    return channel if channel.startswith(("#", "C", "D", "G")) else f"#{channel}"


def _for_slack(text: str, asked: Expert | Topic) -> str:
    """Escapes all Slack markup; only the chosen person's name becomes a real Slack mention."""
    escaped = slack_posts.escaped(text)
    if isinstance(asked, Expert) and asked.slack_id:
        escaped = escaped.replace(slack_posts.escaped(address(asked)), f"<@{asked.slack_id}>", 1)
    return escaped


@transaction.atomic
def apply_delivery(outbound_id: int, now: datetime) -> None:
    """Record the outcome of the Slack post. Called by the signal's task and the sweep; idempotent."""
    outreach_id = Outreach.objects.filter(outbound=outbound_id).values_list("pk", flat=True).first()
    if outreach_id is None:
        return
    # Lock the ticket first, as everywhere: it returns to the queue if the post failed.
    outreach = locks.with_ticket(Outreach.objects.select_related("outbound", "expert", "topic"), outreach_id)
    if outreach.outbound is None:
        return
    posted = outreach.outbound
    if posted.state == OutboundItem.State.SENT and not outreach.slack_ts:
        receipt = posted.receipt or {}
        outreach.slack_ts = receipt.get("ts") or posted.external_id or "?"
        outreach.slack_url = receipt.get("permalink") or posted.url
        outreach.error = ""
        outreach.save(update_fields=["slack_ts", "slack_url", "error"])
    elif posted.state in (OutboundItem.State.FAILED, OutboundItem.State.CANCELLED) and not outreach.error:
        _not_posted(outreach, posted.error or _("It was cancelled in the outbox."), now)
    elif posted.state == OutboundItem.State.UNCERTAIN and not outreach.error:
        outreach.error = _("Slack did not confirm the message. Check the channel.")
        outreach.save(update_fields=["error"])


def _not_posted(outreach: Outreach, error: str, now: datetime) -> None:
    """Nobody was asked: the ticket returns to the queue at once."""
    outreach.error, outreach.state = error, Outreach.State.NO_ANSWER
    outreach.save(update_fields=["error", "state"])
    why = _("The request to %(who)s could not be posted in Slack: %(error)s") % {
        "who": outreach.expert or outreach.topic,
        "error": error,
    }
    parking.wake(outreach.ticket_id, None, now=now, why=why)


def unsettled() -> list[int]:
    """Ids of settled outbox items whose outcome isn't recorded on their outreach (a lost signal)."""
    settled = [OutboundItem.State.SENT, OutboundItem.State.FAILED, OutboundItem.State.UNCERTAIN]
    waiting = Outreach.objects.filter(
        slack_ts="", error="", outbound__state__in=[*settled, OutboundItem.State.CANCELLED]
    )
    return list(waiting.values_list("outbound_id", flat=True)[:500])


@transaction.atomic
def respond(outreach_id: int, state: str, words: str, *, now: datetime, actor: Any = None) -> Outreach:
    """Record the response of the expert, or of an advocate on their behalf: acknowledged, redirected, declined,
    no_answer, or `draft` with text that an advocate may post. The words become a note. Raises OutcomeRefused."""
    words = words.replace("\0", "").strip()[:MAX_WORDS]
    outreach = locks.with_ticket(Outreach.objects.select_related("ticket", "expert__person", "topic"), outreach_id)
    ticket = outreach.ticket
    if outreach.state not in Outreach.RUNNING:
        raise OutcomeRefused(_("This request has already ended: %(state)s.") % {"state": outreach.get_state_display()})
    if state == "draft" and not words.strip():
        raise OutcomeRefused(_("The draft is empty. Write it below, then send it."))
    _say(outreach, ticket, state, words, actor, now)
    outreach.state = Outreach.State.ACKNOWLEDGED if state == "draft" else state
    outreach.acknowledged_at = outreach.acknowledged_at or now
    outreach.save(update_fields=["state", "acknowledged_at"])
    record(ticket, actor, now, EventKind.OUTREACH, {"outreach": outreach.pk, "who": _who(outreach), "to": state})
    if state != Outreach.State.ACKNOWLEDGED and ticket.waiting_on == Ticket.WaitingOn.EXPERT:
        parking.wake(
            ticket.pk, None, now=now, why=_("%(who)s: %(state)s") % {"who": _who(outreach), "state": _word(state)}
        )
    return outreach


def _who(outreach: Outreach) -> str:
    return str(outreach.expert or outreach.topic)


def _word(state: str) -> str:
    return _("sent a draft") if state == "draft" else str(Outreach.State(state).label)


def _say(outreach: Outreach, ticket: Ticket, state: str, words: str, actor: Any, now: datetime) -> None:
    words = words.strip()
    if words:
        notes.write(ticket, actor, f"{_who(outreach)} ({_word(state)}):\n{words}", now)


def running_on(ticket: Ticket) -> list[Outreach]:
    return list(
        ticket.outreaches.filter(state__in=Outreach.RUNNING).select_related("expert__person", "topic", "outbound")
    )
