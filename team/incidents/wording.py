"""The default texts of a bulk reply. Wordings take turns, so no platform sees the same text many times."""

from __future__ import annotations

from django.utils.translation import gettext as _

from team.models import Incident, IncidentKind


def default(incident: Incident, kind: str) -> str:
    texts = _over() if kind == IncidentKind.OVER else _answer(bool(incident.url))
    return "\n---\n".join(texts)


def _answer(has_page: bool) -> list[str]:
    if not has_page:
        return [
            _("Hi {requester_name}, sorry about that. We’re looking into it: {incident}. Are you still seeing it?"),
            _("Hello {requester_name}, thanks for telling us. We’re on it: {incident}. Is it still happening for you?"),
        ]
    return [
        _(
            "Hi {requester_name}, sorry about that: {incident}. We post updates at {status_page_url} – "
            "are you still seeing it?"
        ),
        _(
            "Hello {requester_name}, thanks for telling us. We’re on it: {incident}. Updates: {status_page_url} "
            "Is it still happening for you?"
        ),
        _(
            "Sorry for the trouble, {requester_name}! {status_page_url} has what we know so far ({incident}). "
            "Is it still happening?"
        ),
    ]


def _over() -> list[str]:
    return [
        _("Hi {requester_name}, this is resolved now: {incident}. Is it working for you again?"),
        _("Hello {requester_name}, good news: it’s resolved ({incident}). Thanks for your patience!"),
        _("{requester_name}, we’re back to normal: {incident}. Let us know if you see anything odd."),
    ]
