"""Everything shown on a ticket's page, in a constant number of statements however long the conversation."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import get_template
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from channels.contract import Capability
from channels.links.web_addresses import web_address
from channels.models import Channel, Connection, PersonalAccount
from channels.registry.fields import InvalidSettings
from channels.registry.finding_adapters import UnknownPlatform, adapter_for
from mentions.db import prepared
from mentions.db.loading import RowMapper
from mentions.handle_rules import availability, privacy, talks
from mentions.handle_rules.talks import Talk
from mentions.models import Mark, Message, Ticket, View
from mentions.people import access
from mentions.queue import claims
from mentions.replies import handles, likes
from mentions.text.rendering import capped
from mentions.tickets.conversation import Thread, thread_of
from mentions.triage import spam_reports
from mentions.views import choices, panels, playing
from mentions.views.ticket.sidebar import SidebarFacts, facts_of

STATUS_WORDS = dict(Ticket.Status.choices)


@dataclass(frozen=True, slots=True)
class Composing:
    """What the user had written when the page is shown again, and the reason."""

    text: str
    channel_id: int | None = None
    seen_up_to: int | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Send:
    """One way to send a reply: the ticket's status afterwards, and the button's label."""

    status: str
    words: str


def heading(ticket: Ticket) -> str:
    """The ticket's title: the subject of an email, else who wrote, else (a page without an author) its title or site.
    Never empty."""
    if ticket.channel.connection.platform == "email" and ticket.subject:
        return ticket.subject
    who = ticket.requester
    return who.name or who.handle or ticket.subject or who.external_id or f"#{ticket.pk}"


def _shown_handle(ticket: Ticket) -> str:
    """The requester's handle, unless the heading is that handle already."""
    who = ticket.requester
    is_mail = ticket.channel.connection.platform == "email"
    return who.handle if is_mail or (who.name and who.handle != who.name) else ""


def load(request: HttpRequest, number: int) -> Ticket:
    """The ticket with its related rows, if the user may see it. Raises Ticket.DoesNotExist."""
    related = ("channel__connection", "requester__person", "assignee", "claimed_by")
    found: Ticket = access.visible_tickets(request.user).select_related(*related).get(pk=number)
    return found


def state(request: HttpRequest, ticket: Ticket, view: View | None, csrf_token: str) -> SafeString:
    """The hidden fields of every form that changes the ticket; rendered once for a dozen forms."""
    # The claim token is shown only to its holder: anybody with it can act as the holder.
    token = ticket.claim_token if ticket.claimed_by_id == request.user.pk else None
    fields = {"csrfmiddlewaretoken": csrf_token, "token": token or ""}
    if view is not None:
        fields |= {"mode": "play", "view": view.slug}
    return SafeString(get_template("mentions/_state.html").render({"fields": fields}).strip())


_SIBLINGS = """
SELECT {channel}, {connection} FROM channels_channel c JOIN channels_connection n ON n.id = c.connection_id
WHERE c.connection_id = (SELECT x.connection_id FROM channels_channel x WHERE x.id = %(channel)s)
"""


@cache
def _shapes() -> tuple[RowMapper[Channel], RowMapper[Connection], str]:
    channel, of_all = RowMapper(Channel), RowMapper(Connection)
    return channel, of_all, _SIBLINGS.format(channel=channel.columns("c"), connection=of_all.columns("n"))


def complete(ticket: Ticket, user: Any) -> Ticket:
    """Fill in the related rows of a ticket that `user` has just claimed, without repeating queries. (The requester
    comes with the sidebar's facts.)"""
    channels, connections, statement = _shapes()
    rows = prepared.run(statement, {"channel": ticket.channel_id})
    source = connections.from_row(rows[0], channels.width)
    siblings = [channels.from_row(row) for row in rows]
    for sibling in siblings:
        sibling.connection = source
    ticket.channel = next(channel for channel in siblings if channel.pk == ticket.channel_id)
    ticket.siblings = siblings  # type: ignore[attr-defined]
    ticket.claimed_by = ticket.assignee = user
    return ticket


def context(
    request: HttpRequest,
    ticket: Ticket,
    now: datetime,
    *,
    view: View | None = None,
    composing: Composing | None = None,
) -> dict[str, Any]:
    """For templates/mentions/ticket.html. `view`: the played one, None on the ticket's own page."""
    user = request.user
    facts = facts_of(ticket, user, now, view)
    ticket.requester = facts.requester
    thread = thread_of(ticket, composing.seen_up_to if composing else None, facts.has)
    is_mine = ticket.claimed_by_id == user.pk and claims.is_live(ticket, now)
    claimed_by_other = ticket.claimed_by if claims.is_live(ticket, now) and not is_mine else None
    can_play = user.has_perm(access.PLAY)
    token = get_token(request)  # once: each call masks it anew
    can_like = can_play and likes.can_like(ticket.channel, user)
    return {
        "ticket": ticket,
        # Resolved once: the URLs of a dozen forms start with it.
        "heading": heading(ticket),
        "shown_handle": _shown_handle(ticket),
        "is_due": ticket.due_at is not None and ticket.status not in (Ticket.Status.SOLVED, Ticket.Status.CLOSED),
        "base": reverse("mentions:ticket", args=[ticket.pk]),
        "thread": thread,
        "view": view,
        "play_url": playing.view_address(view.slug) if view else playing.onward_address(request),
        "is_mine": is_mine,
        "claimed_by_other": claimed_by_other,
        "can_play": can_play,
        "can_delete": user.has_perm(access.DELETE_REPLY) and can_delete_there(ticket),
        "can_like": can_like and likes.PRAISE_TAG in facts.tags,
        "can_merge": user.has_perm(access.MERGE),
        "is_over": ticket.status == Ticket.Status.CLOSED or ticket.merged_into_id is not None,
        "composing": composing,
        "composer": _composer(user, ticket, thread, facts, composing) if is_mine else None,
        "macros": facts.macros if is_mine else [],
        "tags": facts.tags,
        "done_today": facts.done_today,
        "csrf_token": token,
        "state": state(request, ticket, view, token),
        "about_requester": access.notes_about(facts.requester.person, user),
        "earlier": facts.earlier,
        "marks": [(kind, str(Mark.Kind(kind).label)) for kind in facts.marks],
        "other_marks": _other_marks(ticket, facts, user),
        "swag": facts.swag if user.has_perm("mentions.give_code") else [],
        "left": None if view is None else capped(facts.left),
        "panels": _panels(request, ticket, thread, token),
        "tool_links": _tool_links(ticket),
        "park_reasons": choices.park_reasons(),
        "no_reply_reasons": choices.no_reply_reasons(can_like=can_like),
        "park_times": choices.park_times(now),
        "priorities": choices.priorities(),
        "lease_ends": ticket.claim_expires_at if is_mine else None,
        "why": why_this_one(thread, view, user, facts) if is_mine else "",
    }


def _other_marks(ticket: Ticket, facts: SidebarFacts, user: access.User) -> choices.Choices:
    """The marks that this user could give the requester, who doesn't have them yet."""
    if ticket.requester.is_us or not user.has_perm("mentions.change_mark"):
        return ()
    return tuple((kind, label) for kind, label in choices.marks() if kind not in facts.marks)


def _composer(
    user: access.User, ticket: Ticket, thread: Thread, facts: SidebarFacts, composing: Composing | None
) -> dict[str, Any]:
    options = handles.reply_options(ticket, user, getattr(ticket, "siblings", None))
    asked = thread.last_inbound
    if asked is not None and asked.is_unreadable:
        options = handles.ReplyOptions([], {}, "unreadable")
    options = handles.fitting(options, asked)
    advice = handles.advise(ticket, asked, options.channels, _talk(thread, facts))
    suggested = advice.channel if advice else None
    chosen = composing.channel_id if composing and composing.channel_id else suggested.pk if suggested else None
    return {
        "key": uuid.uuid4(),
        "channels": [(channel.pk, options.label(channel), _own_limit(channel)) for channel in options.channels],
        "is_private": bool(options.channels) and all(privacy.sends_privately(channel) for channel in options.channels),
        "chosen": chosen,
        "suggested": suggested.pk if suggested else None,
        "why_handle": advice.why if advice else "",
        "highlights": bool(asked and ticket.channel.settings.get("highlights") and _may_post(user, ticket.channel)),
        "is_spam_report": asked is not None and spam_reports.looks_like_one(asked.text),
        "reported_link": spam_reports.link_in(asked),
        "thanks": _("Thank you for reporting this! The team is looking into it."),
        "text": composing.text if composing else facts.draft.text,
        "draft": facts.draft,
        "sends": sends(facts.draft.status_after),
        "after_word": _after_word(facts.draft.status_after),
        "limit": _longest(ticket),
        "why_outside": options.why,
        "own_account": _own_account(user, ticket) if options.why == "account" else None,
        "outside_url": _outside_url(asked, can_send=bool(options.channels)) if asked else None,
    }


def _talk(thread: Thread, facts: SidebarFacts) -> Talk:
    """The conversation for the handle rules, from what the page has loaded."""
    messages = [entry.item for entry in thread.entries if entry.kind == "message"]
    return Talk([talks.said(m, m.seen_by) for m in messages], availability.TAG in {str(tag) for tag in facts.tags})


def _may_post(user: access.User, channel: Channel) -> bool:
    return bool(channel.post_roles) and access.has_role(user, channel.post_roles)


def _after_word(status: str) -> str:
    """The status a macro sets, if it is not the default."""
    return "" if status in ("", Ticket.Status.SOLVED) else str(STATUS_WORDS[status])


def sends(usual: str) -> list[Send]:
    """The options to send, the default first: as set by the macro that wrote the draft, else solving. The two shortcuts
    belong to the first two."""
    words = {
        Ticket.Status.SOLVED: _("Reply & solve"),
        Ticket.Status.PENDING: _("Reply & pending"),
        Ticket.Status.OPEN: _("Reply & keep open"),
    }
    order = sorted(words, key=lambda status: status != (usual or Ticket.Status.SOLVED))
    return [Send(status.value, words[status]) for status in order]


def _own_account(user: access.User, ticket: Ticket) -> PersonalAccount | None:
    """The viewer's account there if it does not work (yet)."""
    return PersonalAccount.objects.filter(user_id=user.pk or 0, connection_id=ticket.channel.connection_id).first()


def _outside_url(message: Message, *, can_send: bool) -> str | None:
    """The URL for writing an answer there; the mention's own URL if the desk can send it, or the connection is no
    longer set up."""
    if can_send:
        return web_address(message.url) or None
    try:
        return web_address(handles.reply_url(message) or "") or None
    except InvalidSettings:
        return web_address(message.url) or None


def _own_limit(channel: Channel) -> int | None:
    """The limit of a private message, where it differs from the platform's."""
    return (
        adapter_for(channel.connection.platform).reply_limit(channel.address)
        if privacy.sends_privately(channel)
        else None
    )


def _longest(ticket: Ticket) -> int | None:
    try:
        return adapter_for(ticket.channel.connection.platform).max_reply_length
    except UnknownPlatform:
        return None


def can_delete_there(ticket: Ticket) -> bool:
    try:
        return adapter_for(ticket.channel.connection.platform).can(Capability.DELETE)
    except UnknownPlatform:
        return False


def _panels(request: HttpRequest, ticket: Ticket, thread: Thread, csrf_token: str) -> list[dict[str, Any]]:
    """Panels of upper floors. Rendered without the context processors, which have already run for the page."""
    common = {"ticket": ticket, "user": request.user, "request": request, "csrf_token": csrf_token}
    return [
        {"title": shown.panel.title, "html": get_template(shown.panel.template).render({**common, **shown.context})}
        for shown in panels.shown_for(request, ticket, thread)
    ]


def _tool_links(ticket: Ticket) -> list[dict[str, str]]:
    """The channel's tool links with the requester's data filled in."""
    from urllib.parse import quote

    author = ticket.requester
    email = author.handle if "@" in author.handle else ""
    data = {"{handle}": author.handle, "{email}": email, "{name}": author.name, "{ticket}": str(ticket.pk)}
    links = []
    for link in ticket.channel.tool_links:
        url = str(link.get("url", ""))
        for place, value in data.items():
            url = url.replace(place, quote(value, safe=""))
        if url.startswith(("https://", "http://")):
            links.append({"label": str(link.get("label") or url), "url": url})
    return links


def why_this_one(thread: Thread, view: View | None, user: access.User, facts: SidebarFacts) -> str:
    """Why this advocate got the ticket, in words."""
    if view is not None and not (facts.in_view and facts.picked.how and facts.picked.view == view.slug):
        return _("you already hold it. Finish or hand it back to continue with %(view)s.") % {
            "view": view.name or _("the queue")
        }
    team = [entry for entry in thread.entries if entry.kind == "message" and entry.item.direction == "team"]
    if team and thread.last_inbound and thread.last_inbound.posted_at > team[-1].at:
        mine = [entry for entry in team if entry.reply and entry.reply.author_id == user.pk]
        return _("they wrote again after your answer") if mine else _("they wrote again after an answer")
    if view is None:
        return _("you claimed it")
    if facts.picked.how == "mine":
        return _("assigned to you: your tickets come first")
    return _("oldest in %(view)s") % {"view": view.name} if view.name else _("oldest overall")
