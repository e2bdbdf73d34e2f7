"""The Slack messages, emails and pager calls about an urgent ticket. A restricted ticket is only a link everywhere: not
everybody in a Slack channel may read it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from channels.contract import Json
from channels.outbox import slack_posts
from channels.registry.icons import with_platform
from mentions.models import Message
from mentions.people import audience
from mentions.text import times
from mentions.text.rendering import excerpt
from team.duties.slack import name_of
from team.models import UrgentCall

TAKE = "urgent_take"
"""The button's action id."""
LAST_STEP = 2
"""Of the escalation: everybody is called."""
LATE = timedelta(minutes=30)
"""Calls delayed by more than this say so: the desk was down."""
MAX_SECTION = 2900
SAID = 400


def group_ping() -> str:
    """`@advocates` by id, so that Slack notifies them. Without the id it is only text."""
    group = settings.ADVOCATES_SLACK_GROUP
    return f"<!subteam^{group}>" if group else "@advocates"


def address_of(call: UrgentCall) -> str:
    return str(settings.BASE_URL + reverse("mentions:ticket", args=[call.ticket_id]))


def is_restricted(call: UrgentCall) -> bool:
    return bool(audience.circle_of([call.ticket]).channels)


def lines(call: UrgentCall) -> list[str]:
    """Plain text: who, where, what, the link, the ticket, why. For a restricted ticket only the ticket's address."""
    if is_restricted(call):
        return [_("Urgent: a restricted ticket."), address_of(call)]
    ticket = call.ticket
    inbound = ticket.messages.filter(direction=Message.Direction.INBOUND, is_deleted=False)
    newest = inbound.order_by("-posted_at", "-id").values_list("text", "url", "posted_at").first()
    text, url, posted_at = newest or ("", "", call.asked_at)
    first = _("Urgent: %(who)s on %(where)s: %(said)s") % {
        "who": ticket.requester,
        "where": with_platform(ticket.channel.name, ticket.channel.connection.platform),
        "said": excerpt(text or ticket.subject, SAID),
    }
    delay = late(call.asked_at - posted_at) if call.asked_by_id is None else ""
    return [line for line in (first, url, address_of(call), reason(call), delay) if line]


def late(by: timedelta) -> str:
    """Says for how long nobody could be called; "" for a normal delay."""
    return _("The desk could not call anybody for %(span)s.") % {"span": times.span(by)} if by >= LATE else ""


def reason(call: UrgentCall) -> str:
    """Who says that it is urgent, and why."""
    who = name_of(call.asked_by) if call.asked_by else _("Rule “%(name)s”") % {"name": call.rule or "?"}
    return f"{who}: {call.why}" if call.why else who


def text_of(call: UrgentCall, ping: str) -> str:
    """Slack markup; everything from outside is escaped, only `ping` notifies."""
    return " ".join(part for part in ("🚨", ping, slack_posts.escaped("\n".join(lines(call)))) if part)


def blocks_of(call: UrgentCall, text: str) -> list[Json]:
    """With the button while nobody has taken it; then with its state."""
    section: Json = {"type": "section", "text": {"type": "mrkdwn", "text": text[:MAX_SECTION]}}
    note: Json = {"type": "mrkdwn", "text": slack_posts.escaped(state_of(call))}
    context: Json = {"type": "context", "elements": [note]}
    if call.state != UrgentCall.State.OPEN:
        return [section, context]
    buttons: list[Json] = []
    if settings.SLACK_SIGNING_SECRET:
        take = {"action_id": TAKE, "value": str(call.key), "style": "primary"}
        buttons.append({"type": "button", "text": {"type": "plain_text", "text": _("I’ll take it")}, **take})
    opens = {"action_id": "urgent_open", "url": address_of(call)}
    buttons.append({"type": "button", "text": {"type": "plain_text", "text": _("Open the ticket")}, **opens})
    return [section, context, {"type": "actions", "elements": buttons}]


def state_of(call: UrgentCall) -> str:
    """One line: its state, and who has seen it."""
    seen = [name_of(each.user) for each in call.people.filter(seen_at__isnull=False).select_related("user")]
    words = _state(call)
    return f"{words} · {_('Seen by %(names)s') % {'names': ', '.join(seen)}}" if seen else words


def _state(call: UrgentCall) -> str:
    match call.state:
        case UrgentCall.State.TAKEN:
            return _("✋ %(who)s is on it.") % {"who": name_of(call.taken_by)}
        case UrgentCall.State.OVER:
            return _("✅ This is settled. Nothing more is needed.")
        case UrgentCall.State.WITHDRAWN:
            return _("%(who)s says it is no longer urgent.") % {"who": name_of(call.ended_by) if call.ended_by else "?"}
    return _("Nobody has taken it yet.")


def news_of(call: UrgentCall) -> str:
    """The message in the thread when the state changes: Slack markup."""
    if call.state != UrgentCall.State.OPEN:
        return slack_posts.escaped(_state(call))
    if call.step == LAST_STEP:
        return f"{group_ping()} {_('nobody has taken this yet. Can somebody, please?')}"
    return f"{group_ping()} {_('this is free again: please take it.')}" if call.round and not call.step else ""


def mail_of(call: UrgentCall) -> tuple[str, str]:
    """Subject and text."""
    said = lines(call)
    return f"[{settings.COMPANY_NAME}] {said[0][:150]}".replace("\n", " "), "\n\n".join([*said, state_of(call)]) + "\n"


def pager_body(call: UrgentCall, event: str, people: list[Any], at: str) -> dict[str, Json]:
    """`key` is the same for every call about one ticket: a pager groups by it, and `urgent.ended` resolves it."""
    return {
        "event": event,
        "at": at,
        "key": str(call.key),
        "ticket": address_of(call),
        "summary": lines(call)[0],
        "people": [{"username": user.get_username(), "email": user.email} for user in people],
    }
