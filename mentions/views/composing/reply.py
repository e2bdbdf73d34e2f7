"""Writing an answer: send, undo, delete, draft."""

from __future__ import annotations

import re
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from channels.clocks import desk_now
from mentions.models import Reply, View
from mentions.people import access
from mentions.queue import claims
from mentions.replies import drafts, replies, sending_states
from mentions.tickets.transitions import OutcomeRefused
from mentions.views import playing
from mentions.views.ticket import ticket_page
from mentions.views.ticket.acting import (
    back_to,
    may_play,
    number_of,
    offer_undo,
    release_current_claim,
    ticket_words,
    token_of,
    view_of,
    visible_or_404,
)
from mentions.views.ticket.ticket_page import Composing

_WINDOW = re.compile(r"[0-9a-f]{16,40}\Z")

AFTER_WORDS = {
    "solved": lambda: _("answered and solved"),
    "pending": lambda: _("answered and pending"),
    "open": lambda: _("answered, still open"),
}


DELETION_WORDS = {
    sending_states.Stage.QUEUED: lambda: _("Deleting it on the platform. The conversation shows when it is done."),
    sending_states.Stage.SENT: lambda: _("It is already deleted on the platform."),
    sending_states.Stage.FAILED: lambda: _("It could not be deleted on the platform. The conversation shows why."),
}
"""Progress of a requested deletion."""


@require_POST
@login_required
def send(request: HttpRequest, number: int) -> HttpResponse:
    """Start the undo window; if anything stops it, the text returns to the page (and is saved as a draft)."""
    may_play(request)
    visible_or_404(request, number)
    now = desk_now()
    after = request.POST.get("status_after", "solved")
    guard, channel_id = number_of(request.POST.get("guard")), number_of(request.POST.get("channel"))
    try:
        key = UUID(request.POST.get("key", ""))
    except ValueError:
        key = None
    if key is None or guard is None or channel_id is None:
        return HttpResponseBadRequest(_("The page was incomplete. Reload it. Drafts are kept."))
    text = request.POST.get("text", "")
    try:
        reply = replies.submit(
            number,
            request.user,
            token_of(request),
            key=key,
            text=text,
            channel_id=channel_id,
            guard_message_id=guard,
            status_after=after,
            now=now,
        )
    except replies.ThreadMoved as moved:
        problem = ngettext(
            "%(count)d new message since you started. Read it, then send.",
            "%(count)d new messages since you started. Read them, then send.",
            len(moved.messages),
        ) % {"count": len(moved.messages)}
        drafts.save(number, request.user, text, now)
        return _again(request, number, Composing(text, channel_id, guard, problem), 409)
    except (replies.ReplyRefused, OutcomeRefused) as refused:
        drafts.save(number, request.user, text, now)
        return _again(request, number, Composing(text, channel_id, None, str(refused)), 422)
    except (claims.ClaimLost, claims.AlreadyClaimed) as lost:
        drafts.save(number, request.user, text, now)
        return _again(request, number, Composing(text, channel_id, None, f"{lost} {_('Your text is kept.')}"), 409)
    offer_undo(request, ticket_words(number, AFTER_WORDS.get(after, AFTER_WORDS["open"])()), reply)
    slug = view_of(request)
    if slug is None or not reply.status_after:
        return redirect(playing.address(number, None) if slug is None else playing.address(number, slug))
    return redirect(playing.address(number, slug))


def _again(request: HttpRequest, number: int, composing: Composing, status: int) -> HttpResponse:
    """The same page again, with the text kept, new messages marked, and the reason shown."""
    slug = view_of(request)
    view = None
    if slug is not None:
        view = View.objects.filter(slug=slug).first() or View(name="", slug="", filters={})
    now = desk_now()
    page = ticket_page.context(request, visible_or_404(request, number), now, view=view, composing=composing)
    return render(request, "mentions/ticket.html", page, status=status)


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def draft(request: HttpRequest, number: int) -> HttpResponse:
    """Autosave; needs no claim, so losing the claim loses no text. GET, and the response to a save: the current draft.
    `writer`, `sequence`, `base`: `mentions.replies.drafts.Stamp`."""
    may_play(request)
    visible_or_404(request, number)
    if request.method == "GET":
        return JsonResponse(_shown(drafts.saved(number, request.user)))
    text = request.POST.get("text", "")[: replies.MAX_LENGTH]
    return JsonResponse(_shown(drafts.save(number, request.user, text, desk_now(), _stamp(request))))


def _shown(kept: drafts.SavedDraft) -> dict[str, object]:
    return {"text": kept.text, "version": kept.version, "writer": kept.writer, "is_newest": kept.is_newest}


def _stamp(request: HttpRequest) -> drafts.Stamp | None:
    """None for a page that sends no sequence; an invalid one counts as an unknown window that has seen nothing."""
    if "sequence" not in request.POST:
        return None
    writer = request.POST.get("writer", "")
    base, sequence = number_of(request.POST.get("base")), number_of(request.POST.get("sequence"))
    if not _WINDOW.match(writer) or base is None or sequence is None:
        return drafts.Stamp("?", 0, -1)
    return drafts.Stamp(writer, sequence, base)


@require_POST
@login_required
def undo(request: HttpRequest, number: int) -> HttpResponse:
    """Undo a scheduled reply: nothing is sent, the text is a draft again, the ticket is on screen."""
    may_play(request)
    reply = _visible_reply(request, number)
    now = desk_now()
    release_current_claim(request, reply.ticket_id, now)
    try:
        replies.undo(reply.pk, request.user, now)
    except replies.TooLate as late:
        messages.error(request, str(late))
    else:
        messages.success(request, _("Undone: nothing was sent. Your text is a draft again."))
    return back_to(request, reply.ticket_id, now)


@require_POST
@login_required
def delete(request: HttpRequest, number: int) -> HttpResponse:
    """Delete a posted reply on the platform."""
    access.require(request.user, access.DELETE_REPLY)
    reply = _visible_reply(request, number)
    try:
        item = replies.delete_posted(reply.pk, request.user, desk_now())
    except replies.ReplyRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.info(request, DELETION_WORDS[sending_states.STAGE_OF[item.state]]())
    return back_to(request, reply.ticket_id, desk_now())


def _visible_reply(request: HttpRequest, number: int) -> Reply:
    return get_object_or_404(access.seen_by(request.user, Reply), pk=number)
