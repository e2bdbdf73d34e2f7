"""Activates the logged-in person's time zone. (`mentions.views.context` sets the theme.)"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from mentions.views.viewer import preference_of, zone_of


class ViewerMiddleware:
    """Activates the viewer's zone for one request, and always restores the thread's state."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # A request without a session cookie has no viewer: no lookup, and the session stays untouched.
        if request.COOKIES and request.user.is_authenticated:
            zone = zone_of(preference_of(request))
            if zone is not None:
                with timezone.override(zone):
                    return self.get_response(request)
        return self.get_response(request)
