"""Shares a ticket to Slack: edit the text first, then post."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from channels.clocks import desk_now
from mentions.notifications import sharing
from mentions.people import audience
from mentions.tickets.transitions import OutcomeRefused
from mentions.views.ticket.acting import back_to, may_play, visible_or_404


@require_http_methods(["GET", "POST"])
@login_required
def share(request: HttpRequest, number: int) -> HttpResponse:
    """`channel`, `text`, and the page's `key`: two clicks post it once."""
    may_play(request)
    ticket = visible_or_404(request, number)
    channels = sharing.channels_of(ticket)
    form = {"channel": next(iter(ticket.channel.slack_channels), ""), "text": "", "key": str(uuid4()), "problem": ""}
    if request.method == "POST":
        form |= {name: request.POST.get(name, "") for name in ("channel", "text", "key")}
        try:
            key = UUID(form["key"])
            sharing.share(number, request.user, key=key, channel=form["channel"], text=form["text"], now=desk_now())
        except OutcomeRefused as refused:
            form["problem"] = str(refused)
        except ValueError:
            form |= {
                "key": str(uuid4()),
                "problem": _("The page was incomplete. Check the text and send it again."),
            }
        else:
            messages.success(request, _("Sharing to %(channel)s.") % {"channel": form["channel"].strip()})
            return back_to(request, number, desk_now())
    else:
        form["text"] = sharing.words_for(ticket)
    context = {"ticket": ticket, "channels": channels, "circle": audience.circle_of([ticket]), **form}
    return render(request, "mentions/share.html", context, status=422 if form["problem"] else 200)
