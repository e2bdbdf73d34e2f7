"""Posts that reply to nobody: write, preview, undo window; and a list of recent posts."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from channels.clocks import desk_now
from channels.models import Channel
from channels.outbox import outbox
from channels.registry.finding_adapters import adapter_for
from mentions.models import Message
from mentions.people import access
from mentions.replies import posts as verbs
from mentions.replies.replies import ReplyRefused
from mentions.views.ticket.acting import number_of

TAKEN_BACK = "post_taken_back"
"""Session key: the text of a cancelled post, for further editing."""


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def posts(request: HttpRequest) -> HttpResponse:
    """POST `key`, `channel`, `text`: shows a preview; with `confirmed`, starts the undo window."""
    channels = _channels(request)
    form: dict[str, Any] = {"key": str(uuid4()), "chosen": channels[0].pk, "text": "", "problem": "", "confirm": None}
    if request.method == "POST":
        form |= {"chosen": number_of(request.POST.get("channel")), "text": request.POST.get("text", "")}
        try:
            key = UUID(request.POST.get("key", ""))
            chosen, text = verbs.check(request.user, form["chosen"], form["text"])
            form |= {"key": str(key), "text": text, "confirm": chosen}
            if request.POST.get("confirmed"):
                now = desk_now()
                verbs.submit(request.user, key=key, channel_id=form["chosen"], text=text, now=now)
                messages.success(request, _("It is posted when the undo window ends."))
                return redirect("mentions:posts")
            if request.POST.get("change"):
                form["confirm"] = None
        except (verbs.PostRefused, ReplyRefused) as refused:
            form |= {"problem": str(refused), "confirm": None}
        except ValueError:
            form |= {"problem": _("The page was incomplete. Check the text and send it again.")}
    else:
        form |= {"text": request.session.pop(TAKEN_BACK, "")} | _quote(request, channels)
    return _page(request, channels, form)


def _quote(request: HttpRequest, channels: list[Channel]) -> dict[str, Any]:
    """`?quote=`: a message to highlight. Below its author's own words, the platform shows the linked one."""
    number = number_of(request.GET.get("quote"))
    visible = access.seen_by(request.user, Message).filter(direction=Message.Direction.INBOUND)
    message = visible.select_related("channel__connection").filter(pk=number or 0).first()
    channel = verbs.highlighting(channels, message) if message is not None else None
    if message is None or channel is None:
        return {}
    return {"chosen": channel.pk, "text": f"\n\n{message.url}"}


def _channels(request: HttpRequest) -> list[Channel]:
    channels = verbs.channels_for(request.user)
    if not channels:
        raise PermissionDenied(
            _(
                "None of your roles can post from our handles, or the platform needs your own account, which is not "
                "in your settings yet. Ask an admin if you need it."
            )
        )
    return channels


def _page(request: HttpRequest, channels: list[Channel], form: dict[str, Any]) -> HttpResponse:
    choices = [(c, adapter_for(c.connection.platform).max_reply_length) for c in channels]
    page = {"channels": choices, "posts": verbs.latest(request.user, desk_now()), **form}
    return render(request, "mentions/posts.html", page, status=422 if form["problem"] else 200)


@require_POST
@login_required
def undo(request: HttpRequest, number: int) -> HttpResponse:
    """Cancel a scheduled post: nothing is posted, and its text returns to the form."""
    _channels(request)
    try:
        request.session[TAKEN_BACK] = verbs.undo(request.user, number, desk_now())
    except (verbs.PostRefused, outbox.WrongState) as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Undone: nothing was posted."))
    return redirect("mentions:posts")


@require_POST
@login_required
def delete(request: HttpRequest, number: int) -> HttpResponse:
    """Delete a post on the platform."""
    _channels(request)
    try:
        verbs.delete(request.user, number, desk_now())
    except (verbs.PostRefused, outbox.WrongState) as refused:
        messages.error(request, str(refused))
    else:
        messages.info(request, _("It will be deleted on the platform in a moment."))
    return redirect("mentions:posts")
