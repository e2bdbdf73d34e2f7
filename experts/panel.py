"""The ticket's experts panel: outreaches so far, and suggested topics."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db.models import Prefetch
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from channels.clocks import desk_now
from experts.directory import finding, suggestions
from experts.models import CommunityShare, Feedback, Outreach, PossibleAnswer
from experts.outreach import crediting
from mentions.db import prepared
from mentions.models import Macro, Ticket
from mentions.tickets.conversation import Thread
from mentions.views.panels import Panel

READ = 20
"""Messages to search for keywords."""
MAX_NEXT = 2


_ASKED = """
SELECT EXISTS (SELECT 1 FROM experts_outreach o WHERE o.ticket_id = %(ticket)s),
       EXISTS (SELECT 1 FROM experts_communityshare c WHERE c.ticket_id = %(ticket)s),
       (SELECT jsonb_agg(jsonb_build_array(t.id, t.name, t.keywords) ORDER BY t.name, t.id)
        FROM experts_topic t WHERE t.keywords <> '[]'),
       (SELECT jsonb_agg(jsonb_build_array(t.name, t.slug, f.state) ORDER BY f.routed_at)
        FROM experts_feedback f JOIN experts_topic t ON t.id = f.topic_id WHERE f.ticket_id = %(ticket)s)
"""


def context(request: HttpRequest, ticket: Ticket, thread: Thread) -> dict[str, Any]:
    """The panel's context. One query without outreaches, four with, and those of `who_to_ask` after nobody answered."""
    was_asked, was_shared, topics, feedback = prepared.run(_ASKED, {"ticket": ticket.pk})[0]
    outreaches = _outreaches(ticket) if was_asked else []
    shares = _shares(ticket) if was_shared else []
    is_mine = ticket.claimed_by_id == request.user.pk
    return {
        "outreaches": outreaches,
        "shares": shares,
        "suggestions": _next(outreaches, ticket, thread, desk_now()),
        "responded": _responded(ticket, outreaches, shares),
        "topics": [] if outreaches else finding.topics_in(_words(thread), finding.known(topics or "[]"), most=2),
        "feedback": _feedback(feedback),
        "may_route": request.user.has_perm("experts.add_feedback"),
        "may_ask": request.user.has_perm("experts.add_outreach"),
        "token": ticket.claim_token if is_mine else "",
        "key": uuid4() if outreaches else "",
    }


def _feedback(found: str | None) -> list[tuple[str, str, str]]:
    """(topic, its slug, outcome) for each topic that the conversation was routed to."""
    return [(name, slug, str(Feedback.State(state).label)) for name, slug, state in json.loads(found or "[]")]


def _outreaches(ticket: Ticket) -> list[Outreach]:
    unsure = PossibleAnswer.objects.filter(verdict="").select_related("message__author").defer("message__search")
    related = ("expert__person", "topic", "outbound", "answered_by", "suggested__person")
    found = ticket.outreaches.select_related(*related)
    found = found.prefetch_related(Prefetch("possible_answers", unsure, "unsure"), "thread", "versions")
    return list(found.order_by("-asked_at", "-pk")[:10])


def _next(outreaches: list[Outreach], ticket: Ticket, thread: Thread, now: datetime) -> list[suggestions.Suggestion]:
    """Who to ask after a request went unanswered, with the reasons; nobody while a request is running or names
    somebody."""
    unanswered = (Outreach.State.NO_ANSWER, Outreach.State.DECLINED, Outreach.State.REDIRECTED)
    is_over = bool(outreaches) and not any(o.is_running for o in outreaches) and outreaches[0].state in unanswered
    if not is_over or outreaches[0].suggested_id or ticket.status in (Ticket.Status.SOLVED, Ticket.Status.CLOSED):
        return []
    return suggestions.who_to_ask(ticket, _words(thread), now, most=MAX_NEXT)


def _shares(ticket: Ticket) -> list[CommunityShare]:
    return list(ticket.community_shares.select_related("taken_by", "answered_by").order_by("-shared_at")[:3])


def _responded(ticket: Ticket, outreaches: list[Outreach], shares: list[CommunityShare]) -> Mapping[str, Any] | None:
    """*Expert Responded*, ready to apply with the name filled in: a colleague has answered an open ticket."""
    if ticket.status not in (Ticket.Status.NEW, Ticket.Status.OPEN):
        return None
    ended: list[CommunityShare | Outreach] = [*shares, *outreaches]
    answered = [each for each in ended if each.state == "answered" and each.answered_by]
    if not answered:
        return None
    macro = Macro.objects.filter(name=crediting.RESPONDED_MACRO, is_active=True).only("pk", "name").first()
    latest = max(answered, key=lambda each: each.answered_at or ticket.posted_at)
    return {"macro": macro, "who": latest.answered_by} if macro else None


def _words(thread: Thread) -> str:
    inbound = [entry.item for entry in thread.entries if entry.kind == "message" and entry.item.direction == "in"]
    return " ".join(f"{message.subject} {message.text}" for message in inbound[:READ])


EXPERTS = Panel("experts", _("Experts"), "experts/panel.html", context, position=40, permission="experts.view_expert")
