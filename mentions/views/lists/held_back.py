"""Unsent items found in a backup: a person sends or discards them, one by one or all together."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from channels.clocks import desk_now
from channels.outbox import held_back
from mentions.people import access
from mentions.views.lists import held_back_rows

SETTLE = "channels.settle_outbounditem"


@require_GET
@login_required
def review(request: HttpRequest) -> HttpResponse:
    access.require(request.user, SETTLE)
    context = {"waiting": held_back_rows.waiting(request.user), "found": held_back_rows.found(request.user)}
    return render(request, "mentions/held.html", context)


@require_POST
@login_required
def settle(request: HttpRequest, verb: str, number: str | None = None) -> HttpResponse:
    """`verb`: send or discard; without `number`, all that are waiting."""
    access.require(request.user, SETTLE)
    chosen = held_back.items() if number is None else held_back.items().filter(pk=int(number))
    if verb == "send":
        count = held_back.send(chosen, desk_now())
        text = ngettext("%(count)d item is sent.", "%(count)d items are sent.", count)
    else:
        count = held_back.discard(chosen)
        text = ngettext("%(count)d item was discarded.", "%(count)d items were discarded.", count)
    if count:
        messages.success(request, text % {"count": count})
    else:
        messages.warning(
            request, _("Nothing was changed: it is still being looked up, or somebody has already decided.")
        )
    return redirect("mentions:held")
