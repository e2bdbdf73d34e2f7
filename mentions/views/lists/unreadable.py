"""An unreadable item, opened from its ticket: its raw text, and *replay*."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from channels.inbox import leases
from channels.models import InboundItem
from channels.views import raw_items
from mentions.models import Message
from mentions.people import access
from mentions.views.ticket.acting import may_play


def _stand_in_or_404(request: HttpRequest, number: int) -> Message:
    mine = access.seen_by(request.user, Message).filter(ticket__isnull=False, is_unreadable=True)
    return get_object_or_404(mine.select_related("ticket").only("ticket", "item_id", "text"), pk=number)


@require_GET
@login_required
def raw(request: HttpRequest, number: int) -> HttpResponse:
    message = _stand_in_or_404(request, number)
    try:
        text, is_cut = raw_items.head_of(message.item_id or 0)
    except InboundItem.DoesNotExist as error:
        raise Http404 from error
    return render(request, "mentions/unreadable.html", {"message": message, "text": text, "is_cut": is_cut})


@require_POST
@login_required
def replay(request: HttpRequest, number: int) -> HttpResponse:
    may_play(request)
    message = _stand_in_or_404(request, number)
    if leases.replay([message.item_id or 0]):
        messages.info(request, _("Reading it again. Reload in a moment: if it works, this ticket shows the mention."))
    else:
        messages.info(request, _("It is already being read again."))
    return redirect("mentions:ticket", message.ticket_id)
