"""Shared by pages that change a ticket: the claim token, error messages, offering undo."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from channels.clocks import desk_now
from mentions.models import Event, Reply, Ticket
from mentions.people import access
from mentions.queue import claims
from mentions.replies import drafts, replies
from mentions.tickets.transitions import OutcomeRefused
from mentions.views import playing
from mentions.views.ticket import ticket_page

_SLUG = re.compile(r"[-a-zA-Z0-9_]{1,60}\Z")

REFUSALS = (
    claims.ClaimLost,
    claims.AlreadyClaimed,
    claims.HoldsAnother,
    OutcomeRefused,
    replies.ReplyRefused,
    replies.TooLate,
)
"""Exceptions by which a verb refuses; their texts are written for the user."""


def token_of(request: HttpRequest) -> UUID | None:
    """The claim token the page was shown with; None on a page without one. An invalid token counts as a lost claim."""
    try:
        return UUID(request.POST["token"]) if request.POST.get("token") else None
    except ValueError:
        return UUID(int=0)


def view_of(request: HttpRequest) -> str | None:
    """The slug of the played view ("" for the whole queue), None on the ticket's own page."""
    if request.POST.get("mode") != "play":
        return None
    return slug_of(request)


def slug_of(request: HttpRequest) -> str:
    """The view named by a form; "" if it is no valid slug."""
    slug = request.POST.get("view", "")
    return slug if _SLUG.match(slug) else ""


def number_of(text: str | None) -> int | None:
    """A row id from a form; None if invalid (or too large for the column)."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 18 else None


def visible_or_404(request: HttpRequest, number: int) -> Ticket:
    try:
        return ticket_page.load(request, number)
    except Ticket.DoesNotExist as error:
        raise Http404(number) from error


def words_of(error: Exception) -> str:
    return " ".join(error.messages) if isinstance(error, ValidationError) else str(error)


def flash_refusals(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Shows a verb's refusal, in its own words, on the ticket page; nothing was changed then."""

    @wraps(view)
    def wrapped(request: HttpRequest, number: int, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, number, **kwargs)
        except (*REFUSALS, ValidationError) as error:
            other = f"ticket-{error.ticket_id}" if isinstance(error, claims.HoldsAnother) else ""
            messages.error(request, words_of(error), extra_tags=other)
            return back_to(request, number, desk_now())

    return wrapped


def offer_undo(request: HttpRequest, words: str, done: Event | Reply) -> None:
    """A toast with an undo link; its tags say what to undo (`mentions.templatetags.desk.undo_url`)."""
    kind = "reply" if isinstance(done, Reply) else "event"
    messages.info(request, words, extra_tags=f"undo-{kind}-{done.pk}")


def release_current_claim(request: HttpRequest, ticket_id: int, now: datetime) -> None:
    """Before an undo, release the ticket that came up automatically, unless its answer has been started. Otherwise the
    undone ticket could not be claimed."""
    claimed = claims.current(request.user, now)
    if (
        claimed is None
        or claimed.pk == ticket_id
        or claimed.claim_token is None
        or drafts.text_of(claimed.pk, request.user)
    ):
        return
    try:
        claims.release(claimed.pk, request.user, claimed.claim_token, now)
    except claims.ClaimLost:
        pass  # another window has just released it: there is room


def back_to(request: HttpRequest, ticket_id: int, now: datetime) -> HttpResponse:
    """The ticket on screen again: in play mode if it was left there and is claimed, else on its own page."""
    claimed = claims.current(request.user, now)
    is_claimed = claimed is not None and claimed.pk == ticket_id
    return redirect(playing.back_address(request, ticket_id, is_claimed=is_claimed))


def may_play(request: HttpRequest) -> None:
    access.require(request.user, access.PLAY)


def ticket_words(ticket_id: int, words: str) -> str:
    return _("#%(id)s %(what)s") % {"id": ticket_id, "what": words}
