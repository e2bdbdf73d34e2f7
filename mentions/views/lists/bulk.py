"""Bulk changes to the selected tickets of the queue."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from channels.clocks import desk_now
from channels.models.connection import Priority
from mentions.models import Ticket
from mentions.people import access
from mentions.triage import bulk
from mentions.views.ticket.acting import number_of, slug_of, words_of


@require_POST
@login_required
def change(request: HttpRequest) -> HttpResponse:
    """`ticket` (repeated), `do` (tag, priority or no_reply) with `tags`, `priority` or `reason`; `view`: where to
    return."""
    access.require(request.user, access.BULK)
    wanted = [number for number in map(number_of, request.POST.getlist("ticket")) if number is not None]
    seen = access.visible_tickets(request.user).filter(pk__in=wanted[: bulk.MAX_SHOWN]).values_list("pk", flat=True)
    now = desk_now()
    try:
        todo = _change(request, now)
    except ValidationError as error:
        messages.error(request, words_of(error))
    else:
        done = bulk.apply(seen, request.user, todo, now)
        (messages.success if done.changed else messages.warning)(request, _summary(done))
    slug = slug_of(request)
    return redirect("mentions:queue", slug) if slug else redirect("mentions:queue")


def _change(request: HttpRequest, now: datetime) -> bulk.Change:
    """Raises ValidationError with a message for the user."""
    do = request.POST.get("do", "")
    if do == "tag":
        names = request.POST.get("tags", "").replace(",", " ").split()
        if not names:
            raise ValidationError(_("Enter a tag first."))
        return bulk.tag(names, request.user, now)
    if do == "priority":
        priority = number_of(request.POST.get("priority"))
        if priority not in Priority.values:
            raise ValidationError(_("Choose a priority first."))
        return bulk.prioritise(priority, request.user, now)
    reason = request.POST.get("reason", "")
    if do != "no_reply" or not reason or reason not in Ticket.NoReply.values:
        raise ValidationError(_("Choose an action first."))
    return bulk.no_reply(reason, request.user, now)


def _summary(done: bulk.Done) -> str:
    """ "12 changed, 1 held by Maria, 2 had nothing to change"."""
    parts = [_("%(count)d changed") % {"count": len(done.changed)}]
    for name in sorted(set(done.claimed_by)):
        parts.append(_("%(count)d held by %(name)s") % {"count": done.claimed_by.count(name), "name": name})
    if done.refused:
        count = len(done.refused)
        parts.append(ngettext("%(count)d unchanged", "%(count)d unchanged", count) % {"count": count})
    return ", ".join(parts)
