"""What a bulk reply says to begin with. The wordings take turns, so that no platform sees the same text many times."""

from __future__ import annotations

from django.utils.translation import gettext as _

from team.models import Incident, IncidentKind


def default(incident: Incident, kind: str) -> str:
    texts = _over() if kind == IncidentKind.OVER else _answer(bool(incident.url))
    return "\n---\n".join(texts)


def _answer(has_page: bool) -> list[str]:
    if not has_page:
        return [
            _("Hi {requester_name}, sorry about that. We are looking into it: {incident}. Are you still seeing it?"),
            _("Hello {requester_name}, thank you for telling us. We are on it: {incident}. Does it go on for you?"),
        ]
    return [
        _(
            "Hi {requester_name}, sorry about that: {incident}. We post updates at {status_page_url} – "
            "are you still seeing it?"
        ),
        _(
            "Hello {requester_name}, thank you for telling us. We are on it: {incident}. Updates: {status_page_url} "
            "Does it go on for you?"
        ),
        _(
            "Sorry for the trouble, {requester_name}! {status_page_url} has what we know about it ({incident}). "
            "Is it still happening?"
        ),
    ]


def _over() -> list[str]:
    return [
        _("Hi {requester_name}, this is resolved now: {incident}. Does it work for you again?"),
        _("Hello {requester_name}, good news: it is over ({incident}). Thank you for your patience!"),
        _("{requester_name}, we are back to normal: {incident}. Tell us if you see anything odd."),
    ]
