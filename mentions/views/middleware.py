"""Who looks: the time zone of the logged-in person. (The theme is put on the page by `mentions.views.context`.)"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from mentions.views.viewer import preference_of, zone_of


class ViewerMiddleware:
    """Activates the viewer's zone for one request, and always gives the thread back as it was."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # A request without a session cookie has no viewer: nothing to look up, and the session stays untouched.
        if request.COOKIES and request.user.is_authenticated:
            zone = zone_of(preference_of(request))
            if zone is not None:
                with timezone.override(zone):
                    return self.get_response(request)
        return self.get_response(request)
