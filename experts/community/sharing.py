"""Shares a ticket with all colleagues in Slack: what was said, the link, two lines of guidance, and *I'll take it*."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from channels.contract import Json
from channels.models import OutboundItem
from channels.outbox import slack_posts
from experts.models import CommunityShare
from mentions.db import locks
from mentions.models import EventKind, Message, Ticket
from mentions.people import audience
from mentions.text.rendering import excerpt
from mentions.tickets.transitions import OutcomeRefused, move, record

GUIDANCE_LINES = 2
TAKE = "community_take"
"""The button's action id."""
_SALT = "experts.community"
LINK_DAYS = 30
SAID = 600


def share(
    ticket: Ticket, actor: Any, *, key: UUID, channel: str, guidance: str, reopens: bool, now: datetime
) -> CommunityShare:
    """Share a ticket locked by the caller; a running share of it stays the only one. Raises OutcomeRefused for a
    restricted ticket: everybody in the Slack channel could read it."""
    circle = audience.circle_of([ticket])
    if circle.channels:
        raise OutcomeRefused(
            _("%(names)s is restricted, so it cannot be shared with everybody.") % {"names": circle.names}
        )
    if running := CommunityShare.objects.filter(ticket=ticket, state__in=CommunityShare.RUNNING).first():
        return running
    shared = CommunityShare.objects.create(
        key=key, ticket=ticket, shared_by=actor, shared_at=now, slack_channel=channel, guidance=guidance,
        reopens=reopens,
    )  # fmt: skip
    text = words_of(shared)
    shared.outbound = slack_posts.post_message(
        key=key,
        conversation=f"community:{ticket.pk}",
        channel=channel,
        text=text,
        blocks=blocks_of(shared, text),
        not_before=now,
    )
    shared.save(update_fields=["outbound"])
    return shared


def words_of(shared: CommunityShare) -> str:
    """The message in Slack markup; everything from outside is escaped."""
    ticket = shared.ticket
    inbound = ticket.messages.filter(direction=Message.Direction.INBOUND, is_deleted=False)
    text, url = inbound.order_by("-posted_at", "-id").values_list("text", "url").first() or ("", "")
    first = _("%(who)s on %(where)s: %(said)s") % {
        "who": ticket.requester,
        "where": ticket.channel.name,
        "said": excerpt(text or ticket.subject, SAID),
    }
    lines = [slack_posts.escaped(line) for line in (first, url) if line]
    return "\n".join([*lines, *shared.guidance.splitlines()[:GUIDANCE_LINES]])


def blocks_of(shared: CommunityShare, text: str) -> list[Json]:
    """The message's blocks: with the button while nobody has taken the ticket, then with who did."""
    section: Json = {"type": "section", "text": {"type": "mrkdwn", "text": text[:2900]}}
    if shared.taken_at:
        note = _("✋ %(who)s is on it.") % {"who": slack_posts.escaped(shared.taker)}
        return [section, {"type": "context", "elements": [{"type": "mrkdwn", "text": note}]}]
    button: dict[str, Json] = {"type": "button", "text": {"type": "plain_text", "text": _("I’ll take it")}}
    if settings.SLACK_SIGNING_SECRET:
        button |= {"action_id": TAKE, "value": str(shared.key)}
    else:
        button |= {"action_id": f"{TAKE}_page", "url": take_url(shared.key)}
    return [section, {"type": "actions", "elements": [button]}]


def take_url(key: UUID) -> str:
    """The signed page to take it, for a workspace without interactive buttons."""
    return settings.BASE_URL + reverse("experts:take", args=[signing.dumps(str(key), salt=_SALT)])


def key_in(signed: str) -> UUID:
    """The share's key in a signed link. Raises `signing.BadSignature` if it is forged or expired."""
    return UUID(signing.loads(signed, salt=_SALT, max_age=LINK_DAYS * 86_400))


@transaction.atomic
def apply_delivery(outbound_id: int, now: datetime) -> None:
    """Record the outcome of the Slack post; idempotent. A ticket that could not be posted returns to its advocate."""
    share_id = CommunityShare.objects.filter(outbound=outbound_id).values_list("pk", flat=True).first()
    if share_id is None:
        return
    shared = locks.with_ticket(CommunityShare.objects.select_related("outbound", "ticket"), share_id)
    posted = shared.outbound
    if posted is None:
        return
    if posted.state == OutboundItem.State.SENT and not shared.slack_url:
        shared.slack_url = (posted.receipt or {}).get("permalink") or posted.url or "?"
        shared.error = ""
        shared.save(update_fields=["slack_url", "error"])
    elif posted.state in (OutboundItem.State.FAILED, OutboundItem.State.CANCELLED) and not shared.error:
        shared.error = posted.error or _("It was cancelled in the outbox.")
        shared.state = CommunityShare.State.OVER
        shared.save(update_fields=["error", "state"])
        _bring_back(shared, now)


def _bring_back(shared: CommunityShare, now: datetime) -> None:
    ticket = shared.ticket
    why = _("It could not be shared in %(channel)s: %(error)s") % {
        "channel": shared.slack_channel,
        "error": shared.error,
    }
    if ticket.status == Ticket.Status.SOLVED and ticket.no_reply_reason == Ticket.NoReply.COMMUNITY:
        changes: dict[str, Any] = {"status": Ticket.Status.OPEN, "no_reply_reason": ""}
        move(ticket, None, now, EventKind.STATUS, data={"why": why}, keeps_claim=True, **changes)
    else:
        record(ticket, None, now, EventKind.COMMUNITY, {"share": shared.pk, "said": "failed", "why": why})


def unsettled() -> list[int]:
    """Ids of settled outbox items whose outcome isn't recorded on their share."""
    states = (OutboundItem.State.SENT, OutboundItem.State.FAILED, OutboundItem.State.CANCELLED)
    waiting = CommunityShare.objects.filter(slack_url="", error="", outbound__state__in=states)
    return list(waiting.values_list("outbound_id", flat=True)[:500])
