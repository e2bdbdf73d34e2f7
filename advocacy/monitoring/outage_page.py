"""The error page while PostgreSQL is away: what is wrong, what is safe, what to do. `handler500` of the urls."""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.defaults import server_error

RETRY_AFTER_S = 15


def error(request: HttpRequest) -> HttpResponse:
    """503 if the database failed, else the usual page. Uses neither database nor session."""
    if not isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return server_error(request)
    response = HttpResponse(render_to_string("503.html"), status=503)
    response["Retry-After"] = str(RETRY_AFTER_S)
    return response
