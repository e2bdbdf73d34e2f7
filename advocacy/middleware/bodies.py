"""Bounds what a request may send before anything reads it: the check of the CSRF token reads a whole form, and with it
whatever somebody who is not even logged in has attached."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

KIB = 1024
WITHOUT_LOGIN = 256 * KIB
"""Passwords, codes, an expert's answer."""
LOGGED_IN = 3 * KIB * KIB
"""A reply, a macro, a form of the admin. Nothing is uploaded to the desk."""


class BodyLimitMiddleware:
    """Answers 413 to a body that is too large, or that does not say how large it is, without reading it.

    Views that are exempt from the CSRF check (webhooks, public forms) have bounds of their own and ask them first.
    Stands before the CSRF check in MIDDLEWARE.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if getattr(view, "csrf_exempt", False) or _declared(request) <= _limit(request):
            return None
        told = _("That is too large, so it was not read.")
        return HttpResponse(told, status=413, content_type="text/plain; charset=utf-8")


def _limit(request: HttpRequest) -> int:
    """The session is looked up only for what is too large for somebody without one."""
    if _declared(request) > WITHOUT_LOGIN and settings.SESSION_COOKIE_NAME in request.COOKIES:
        return LOGGED_IN if request.user.is_authenticated else WITHOUT_LOGIN
    return WITHOUT_LOGIN


def _declared(request: HttpRequest) -> int:
    """Bytes by Content-Length; a chunked body declares none, and counts as too large."""
    if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        return LOGGED_IN + 1
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return LOGGED_IN + 1
