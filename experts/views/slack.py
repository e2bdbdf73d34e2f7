"""The endpoint for Slack's interactivity and events: verified, carried out once, answered within three seconds."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from channels.clocks import desk_now
from channels.errors import Malformed, Refused
from channels.polling import receiving_webhooks
from experts.listening import buttons


@csrf_exempt
@require_POST
def slack(request: HttpRequest) -> HttpResponse:
    """Authenticates itself by its signature, so it needs no session. A rejection says why in one line."""
    if receiving_webhooks.declared_bytes(request.META) > buttons.MAX_BYTES:
        return _response("Too large.", 413)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        return _response(buttons.receive(headers, request.body, desk_now()), 200)
    except Refused as error:
        return _response(str(error), 403)
    except Malformed as error:
        return _response(str(error), 400)


def _response(words: str, status: int) -> HttpResponse:
    return HttpResponse(words, status=status, content_type="text/plain; charset=utf-8")
