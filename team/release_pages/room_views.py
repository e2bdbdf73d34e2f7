"""The Slack channel on the page of a release day: its threads, and the decision about each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from channels.audience import seen_by
from channels.clocks import desk_now
from mentions.imports.adding import AddingRefused
from mentions.people import access
from team.models import Release, ReleaseRoom
from team.release import release_times
from team.release_room import deciding
from team.release_room.deciding import DecidingRefused, Thread

may_change = permission_required("team.change_release", raise_exception=True)


@dataclass(frozen=True, slots=True)
class ShownRoom:
    """`has_begun`: the desk has started to read the channel."""

    name: str
    threads: list[Thread]
    read_at: datetime | None
    error: str
    has_begun: bool
    may_make_tickets: bool

    @property
    def open(self) -> int:
        return sum(bool(thread.open) for thread in self.threads)


def shown(release: Release, user: Any, now: datetime) -> ShownRoom | None:
    """None if the rule names no channel and nothing was read."""
    room = seen_by(user, ReleaseRoom).filter(release=release).first()
    name = room.name if room else release.rule.slack_channel
    if not name:
        return None
    threads = deciding.threads(room, user) if room else []
    begun = release_times.shown(release.rule, release.day).start <= now
    read_at, error = (room.read_at, room.error) if room else (None, "")
    return ShownRoom(name, threads, read_at, error, begun, user.has_perm(access.PLAY))


@require_POST
@login_required
@may_change
def decide(request: HttpRequest, number: int) -> HttpResponse:
    """`thread`, and the `last` message that the reader saw; `do`: `done`, `ticket` or `link` (with `link`)."""
    room = get_object_or_404(seen_by(request.user, ReleaseRoom), release=number)
    thread, last, what = (request.POST.get(name, "")[:40] for name in ("thread", "last", "do"))
    try:
        if what == "done":
            deciding.done(room, thread, last, request.user, desk_now())
            messages.success(request, _("Done."))
        elif what == "ticket":
            added = deciding.make_ticket(room, thread, last, request.user, desk_now())
            words = _("It is now ticket %(number)s.") if added.is_new else _("It was already ticket %(number)s.")
            messages.success(request, words % {"number": added.ticket.pk})
        elif what == "link":
            deciding.use_link(room, thread, request.POST.get("link", ""), request.user)
            messages.success(request, _("Saved as the release post."))
    except (DecidingRefused, AddingRefused) as refused:
        messages.error(request, str(refused))
    return redirect(reverse("team:release", args=[number]) + "#room")
