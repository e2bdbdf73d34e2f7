"""Limits request bodies before anything reads them: the CSRF check reads the whole form, including attachments from
users who are not logged in."""

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
"""A reply, a macro, an admin form, a list of colleagues or codes: their pages take files of up to 1 MB."""


class BodyLimitMiddleware:
    """Answers 413, without reading the body, if it is too large or does not declare its size.

    Views exempt from the CSRF check (webhooks, public forms) have separate limits and check them first. Must precede
    the CSRF check in MIDDLEWARE.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if getattr(view, "csrf_exempt", False) or _declared(request) <= _limit(request):
            return None
        message = _("The request is too large and was not read.")
        return HttpResponse(message, status=413, content_type="text/plain; charset=utf-8")


def _limit(request: HttpRequest) -> int:
    """Looks up the session only for bodies above the limit for anonymous users."""
    if _declared(request) > WITHOUT_LOGIN and settings.SESSION_COOKIE_NAME in request.COOKIES:
        return LOGGED_IN if request.user.is_authenticated else WITHOUT_LOGIN
    return WITHOUT_LOGIN


def _declared(request: HttpRequest) -> int:
    """Bytes by Content-Length; a chunked body declares none and counts as too large."""
    if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        return LOGGED_IN + 1
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return LOGGED_IN + 1
