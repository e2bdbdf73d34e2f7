"""URLs for continuing play mode: the ticket on screen, or the next one of the played view."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse

PLAYED = "played_view"
"""Session key: the slug of the view played last, "" for the whole queue."""


def address(ticket_id: int, view_slug: str | None) -> str:
    """URL of the next ticket of the played view, else of the ticket itself."""
    if view_slug is None:
        return reverse("mentions:ticket", args=[ticket_id])
    return view_address(view_slug)


def view_address(slug: str) -> str:
    return reverse("mentions:play", args=[slug]) if slug else reverse("mentions:play")


def back_address(request: HttpRequest, ticket_id: int, *, is_claimed: bool) -> str:
    """URL of the ticket on screen: in play mode if it is claimed and was played, else on its own page."""
    return address(ticket_id, request.session.get(PLAYED) if is_claimed else None)


def onward_address(request: HttpRequest) -> str:
    """The URL of the next ticket, after this one was left."""
    return view_address(request.session.get(PLAYED) or "")
