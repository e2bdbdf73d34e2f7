"""The channels page for managers and admins, and the webhook endpoint."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from channels.clocks import desk_now
from channels.contract import Hook
from channels.errors import ChannelError, Malformed, Refused
from channels.models import Connection
from channels.monitoring import connection_test
from channels.monitoring.alarms import open_alarms
from channels.polling import pausing, receiving_webhooks
from channels.secrets.vault import without_secrets
from channels.views.overview import CHART_DAYS, links_for, overview


@require_GET
@login_required
@permission_required("channels.view_connection", raise_exception=True)
def health(request: HttpRequest) -> HttpResponse:
    now = desk_now()
    context = {
        "overview": overview(now),
        "now": now,
        "days": CHART_DAYS,
        "width": 4 * CHART_DAYS,
        "alarms": open_alarms(),
        "links": links_for(request.user),
    }
    return render(request, "channels/health.html", context)


@require_POST
@login_required
@permission_required("channels.poll_connection", raise_exception=True)
def act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Poll now, pause or resume a connection from the channels page."""
    connection, now = get_object_or_404(Connection, pk=pk), desk_now()
    if verb == "poll":
        done = pausing.poll_soon([pk], now)
        said = _("Polling %(name)s now.") if done else _("%(name)s is paused; resume it first.")
    elif verb == "pause":
        pausing.pause([pk], request.POST.get("why", "").strip() or _("by %(user)s") % {"user": request.user})
        said = _("%(name)s is paused: no polling, no sending.")
    else:
        pausing.resume([pk], now)
        said = _("%(name)s is active again. Polling it now.")
    messages.success(request, said % {"name": connection.name})
    return redirect("channels:health")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required("channels.poll_connection", raise_exception=True)
def try_out(request: HttpRequest, pk: int) -> HttpResponse:
    """*Test connection*: POST queues a task; the fragment polls until there is a result."""
    connection = get_object_or_404(Connection, pk=pk)
    result = connection_test.begin(pk, request.user.pk) if request.method == "POST" else connection_test.last_result(pk)
    if not request.headers.get("HX-Request"):
        return redirect("channels:health")
    return render(request, "channels/_tried.html", {"connection": connection, "tried": result})


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def hook(request: HttpRequest, hook_id: UUID) -> HttpResponse:
    """A platform's webhook request: authenticates itself, so it needs no session. A rejection says why in one line."""
    if receiving_webhooks.declared_bytes(request.META) > receiving_webhooks.MAX_BYTES:
        return _text_response("Too large.", 413)
    try:
        answer = receiving_webhooks.receive(hook_id, _hook(request), desk_now())
    except receiving_webhooks.Unknown:
        return _text_response("No such webhook.", 404)
    except receiving_webhooks.Paused:
        response = _text_response("Paused. Try again later.", 503)
        response["Retry-After"] = "600"
        return response
    except Refused as error:
        return _text_response(str(error), 403)
    except Malformed as error:
        return _text_response(str(error), 400)
    except ChannelError as error:
        return _text_response(str(error), 503)
    return HttpResponse(answer.body, status=answer.status, content_type=answer.content_type)


def _hook(request: HttpRequest) -> Hook:
    headers = {name.lower(): value for name, value in request.headers.items()}
    address = request.META.get("REMOTE_ADDR") or ""
    query = {name: str(value) for name, value in request.GET.items()}
    return Hook(request.method or "", headers, query, request.body, address)


def _text_response(words: str, status: int) -> HttpResponse:
    return HttpResponse(without_secrets(words), status=status, content_type="text/plain; charset=utf-8")
