"""Delivery states of a ticket's replies, for an open page: a badge, a sentence, and what to do next."""

from __future__ import annotations

import hashlib
from typing import Any

from django.utils.translation import gettext as _

from mentions.models import Message, Reply
from mentions.replies.sending_states import Stage

MAX_SHOWN = 20
"""Latest replies only; older ones no longer change."""


def tag(ticket_id: int, seen: int) -> str:
    """An ETag that changes with any message after `seen` and any state change of a reply. Two short statements."""
    newest = Message.objects.filter(ticket=ticket_id, pk__gt=seen).order_by("-pk").values_list("pk", flat=True).first()
    states = list(_latest(ticket_id).values_list("pk", "state", "error", "outbound__state", "deletion__state"))
    return f'"{hashlib.md5(repr((seen, newest, states)).encode(), usedforsecurity=False).hexdigest()}"'


def of(ticket_id: int) -> list[dict[str, Any]]:
    """[{"id", "state", "badge", "words"}] of replies past their undo window or stopped."""
    shown = [r for r in _latest(ticket_id) if r.state not in (Stage.SCHEDULED, Stage.UNDONE)]
    return [{"id": r.pk, "state": r.state, "badge": _badge(r), "words": _words(r)} for r in shown]


def _latest(ticket_id: int) -> Any:
    return Reply.objects.filter(ticket=ticket_id).select_related("outbound").order_by("-pk")[:MAX_SHOWN]


def _badge(reply: Reply) -> str:
    words = {
        Stage.QUEUED: _("being sent"),
        Stage.SENT: _("sent"),
        Stage.UNCERTAIN: _("uncertain"),
        Stage.FAILED: _("not sent"),
        Stage.BLOCKED: _("stopped"),
        Stage.DELETED: _("deleted on the platform"),
    }
    return words[Stage(reply.state)]


def _words(reply: Reply) -> str:
    if reply.state == Stage.UNCERTAIN:
        step = _("The platform did not confirm this reply. Check the platform before you write another one.")
    elif reply.state == Stage.FAILED:
        step = _("Your text is a draft again: claim the ticket and send it.")
    elif reply.state == Stage.BLOCKED:
        step = _("Nothing was sent; your text is kept as a draft. Reload the page to read the new messages.")
    else:
        return ""
    return f"{reply.error} {step}".strip()
