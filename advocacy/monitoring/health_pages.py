"""`/livez`, `/readyz` and `/healthz`: answered before sessions and the host check.

A probe by IP address, or one with a cookie while PostgreSQL is down, gets a response and not an error.

`/livez`: this process responds. `/readyz`: it can also serve pages (200, else 503). `/healthz`: every part of the desk
(200, or 503 if a part has failed); JSON, or plain text if requested or for a browser.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from advocacy.monitoring import health
from advocacy.monitoring.health import Part
from channels.clocks import desk_now

SIGNS = {"ok": "ok    ", "look": "look  ", "failed": "FAILED"}


@never_cache
@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """200 while this process can respond at all; no checks."""
    return HttpResponse("alive\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether this process should get requests. Beat, workers and Redis don't matter: pages work without them."""
    return _answer(request, "ready", health.report(desk_now(), health.READINESS))


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The state of the whole desk."""
    return _answer(request, "well", health.report(desk_now(), health.CHECKS))


PAGES: dict[str, Callable[[HttpRequest], HttpResponse]] = {"/livez": livez, "/readyz": readyz, "/healthz": healthz}


class HealthMiddleware:
    """Answers the three URLs. Must precede anything that needs a session, a host name or the database."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        page = PAGES.get(request.path_info)
        return page(request) if page else self.get_response(request)


def _answer(request: HttpRequest, word: str, parts: Mapping[str, Part]) -> HttpResponse:
    is_well = health.is_well(parts)
    status = 200 if is_well else 503
    if request.get_preferred_type(["application/json", "text/html", "text/plain"]) in ("text/html", "text/plain"):
        return HttpResponse(_lines(word, is_well, parts), status=status, content_type="text/plain; charset=utf-8")
    found = {name: {"state": part.state, "said": part.said} for name, part in parts.items()}
    return JsonResponse({word: is_well, "parts": found}, status=status)


def _lines(word: str, is_well: bool, parts: Mapping[str, Part]) -> str:
    width = max(map(len, parts))
    lines = [f"{SIGNS[part.state]}  {name:<{width}}  {part.said}" for name, part in parts.items()]
    return "\n".join([word if is_well else f"not {word}", "", *lines, ""])
