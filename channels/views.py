"""The channels page, for managers and admins; and the door at which platforms knock."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from channels import hooks
from channels.contract import Hook
from channels.errors import ChannelError, Malformed, Refused
from channels.overview import overview
from channels.secrets import without_secrets


@require_GET
@login_required
@permission_required("channels.view_connection", raise_exception=True)
def health(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    return render(request, "channels/health.html", {"overview": overview(now), "now": now})


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def hook(request: HttpRequest, hook_id: UUID) -> HttpResponse:
    """A request of a platform: its own proof is in it, so it needs no session. What is refused says why in a line."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > hooks.MOST_BYTES:
        return _told("Too large.", 413)
    try:
        answer = hooks.receive(hook_id, _hook(request), timezone.now())
    except hooks.Unknown:
        return _told("Nobody listens here.", 404)
    except hooks.Paused:
        response = _told("Paused. Try again later.", 503)
        response["Retry-After"] = "600"
        return response
    except Refused as error:
        return _told(str(error), 403)
    except Malformed as error:
        return _told(str(error), 400)
    except ChannelError as error:
        return _told(str(error), 503)
    return HttpResponse(answer.body, status=answer.status, content_type=answer.content_type)


def _hook(request: HttpRequest) -> Hook:
    headers = {name.lower(): value for name, value in request.headers.items()}
    address = request.META.get("REMOTE_ADDR") or ""
    return Hook(request.method or "", headers, {name: str(value) for name, value in request.GET.items()}, request.body, address)


def _told(words: str, status: int) -> HttpResponse:
    return HttpResponse(without_secrets(words), status=status, content_type="text/plain; charset=utf-8")
