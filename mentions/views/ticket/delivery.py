"""Delivery problems: for the sender, and after a while for the team."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import etag, require_GET, require_POST

from channels.clocks import desk_now
from mentions.models import DeliveryProblem
from mentions.notifications import delivery_news, delivery_problems


@require_GET
@login_required
@never_cache
def problems(request: HttpRequest) -> HttpResponse:
    """Oldest first, each with its next step."""
    found = delivery_problems.open_for(request.user, desk_now())
    lines = [(p, delivery_news.sentence(p), delivery_news.next_step(p)) for p in found]
    return render(request, "mentions/delivery_problems.html", {"lines": lines})


def _tag(request: HttpRequest, *_args: Any) -> str | None:
    return f'"{request.user.pk}-{delivery_problems.count_for(request.user, desk_now())}"'


@require_GET
@login_required
@etag(_tag)
def count(request: HttpRequest) -> HttpResponse:
    """{"count", "words"}; 304 while nothing has changed."""
    found = delivery_problems.count_for(request.user, desk_now())
    words = ngettext("%(count)d not delivered", "%(count)d not delivered", found) % {"count": found}
    response = JsonResponse({"count": found, "words": words if found else ""})
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@require_POST
@login_required
def settle(request: HttpRequest, number: int) -> HttpResponse:
    """Mark a problem as settled."""
    try:
        if delivery_problems.dismiss(number, request.user, desk_now()):
            messages.success(request, _("Marked as settled."))
        else:
            messages.info(request, _("It was already settled."))
    except DeliveryProblem.DoesNotExist as error:
        raise Http404(number) from error
    return redirect("mentions:delivery_problems")
