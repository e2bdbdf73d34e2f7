"""User sessions: started at login, ended by the user, an admin, idleness or age."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from allauth.account.internal.flows.login import get_authentication_records
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from audit import log
from audit.kinds import EntryKind
from channels.clocks import desk_now

BEGAN = "desk_began"
SEEN = "desk_seen"
NOTED_EVERY = timedelta(minutes=1)
"""Minimum interval between session writes for activity."""
BACKGROUND = ("/news/", "/renew/")
"""URL endings requested by open pages in the background."""


def end_all(person: User) -> int:
    """End every session of this person; return how many."""
    sessions = list(UserSession.objects.filter(user=person).order_by("pk"))
    for session in sessions:
        session.end()
    return len(sessions)


def is_single_sign_on(request: HttpRequest) -> bool:
    """Whether this session started at the company's provider."""
    records = get_authentication_records(request, request.user)
    return bool(records) and records[0].get("method") == "socialaccount"


class SessionLimitsMiddleware:
    """Ends a session unused for DESK_SESSION_IDLE_MINUTES, or DESK_SESSION_HOURS old."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Without a session cookie there is nobody to log out, so the session isn't read.
        if request.COOKIES and request.user.is_authenticated:
            now = desk_now()
            if why := over(request, now):
                _end(request, why, now)
            else:
                self._seen(request, now)
        return self.get_response(request)

    def _seen(self, request: HttpRequest, now: datetime) -> None:
        if BEGAN in request.session and is_background(request):
            return
        if SEEN not in request.session or now - _at(request, SEEN, now) >= NOTED_EVERY:
            request.session.setdefault(BEGAN, now.timestamp())
            request.session[SEEN] = now.timestamp()
            UserSession.objects.filter(session_key=request.session.session_key).update(last_seen_at=now)


def is_background(request: HttpRequest) -> bool:
    """Whether this is a background request of an open page, and so no sign of activity: a list refreshing itself, a
    claim's heartbeat, an automatic reload (browsers then omit `Sec-Fetch-User`:
    https://www.w3.org/TR/fetch-metadata/#sec-fetch-user-header)."""
    if request.path_info.endswith(BACKGROUND):
        return True
    if request.method != "GET":
        return False
    by_script = request.headers.get("Sec-Fetch-Mode") == "navigate" and "Sec-Fetch-User" not in request.headers
    return by_script or bool(request.headers.get("X-Fragment"))


def over(request: HttpRequest, now: datetime) -> str:
    """Why this session must end, `idle` or `age`; empty if it may continue."""
    if now - _at(request, SEEN, now) > timedelta(minutes=settings.SESSION_IDLE_MINUTES):
        return "idle"
    if now - _at(request, BEGAN, now) > timedelta(hours=settings.SESSION_HOURS):
        return "age"
    return ""


def begin(request: HttpRequest, now: datetime) -> None:
    """Start both limits."""
    request.session[BEGAN] = request.session[SEEN] = now.timestamp()


def _at(request: HttpRequest, key: str, now: datetime) -> datetime:
    """The session's value; a session older than this feature starts now."""
    at = request.session.get(key)
    return datetime.fromtimestamp(at, UTC) if isinstance(at, int | float) else now


def _end(request: HttpRequest, why: str, now: datetime) -> None:
    person = request.user
    log.record(EntryKind.SESSION_ENDED, now=now, actor=person, details={"why": why})
    UserSession.objects.filter(session_key=request.session.session_key).delete()
    request.is_session_over = True  # type: ignore[attr-defined]  # recorded as what it is, not as a logout
    logout(request)
    said = {
        "idle": _("You were logged out because you were inactive for a while. Your drafts are kept."),
        "age": _("You were logged out because your session had expired. Your drafts are kept."),
    }
    messages.info(request, said[why])
