"""Play mode: one ticket after another, oldest first, and the ways to leave one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from channels.clocks import desk_now
from mentions.models import Event, Ticket, View
from mentions.people import access
from mentions.questions import asking
from mentions.queue import claims, view_filters
from mentions.replies import replies
from mentions.tickets.transitions import OutcomeRefused
from mentions.triage import outcomes, spam_reports
from mentions.views import playing
from mentions.views.lists.queue import view_named
from mentions.views.ticket import sidebar, ticket_page
from mentions.views.ticket.acting import (
    back_to,
    flash_refusals,
    may_play,
    number_of,
    offer_undo,
    release_current_claim,
    ticket_words,
    token_of,
    view_of,
    visible_or_404,
)


@require_GET
@login_required
@never_cache
def play(request: HttpRequest, view: str | None = None) -> HttpResponse:
    """Show the claimed ticket, or the next one. Showing it claims it, which is safe to repeat: a reload keeps the
    claim, and an unwatched one expires. A browser prefetch claims nothing."""
    may_play(request)
    if request.headers.get("Sec-Fetch-Dest", "document") not in ("document", "empty"):
        return HttpResponse(status=204)  # an image in an email must not be able to claim
    chosen = View(name="", slug="", filters={}) if view is None else view_named(request.user, view)
    if "prefetch" in request.headers.get("Sec-Purpose", request.headers.get("Purpose", "")):
        return HttpResponse(status=204)
    if not view_filters.is_queue(chosen.filters):
        messages.warning(request, _("“%(view)s” has no tickets waiting for an answer.") % {"view": chosen.name})
        return redirect("mentions:queue", view)
    if request.session.get(playing.PLAYED) != chosen.slug:
        request.session[playing.PLAYED] = chosen.slug
    now = desk_now()
    claimed = claims.claim_next(request.user, chosen, now)
    if claimed is None:
        done = sidebar.done_today(request.user, now)
        return render(request, "mentions/nothing_left.html", {"view": chosen, "done_today": done})
    page = ticket_page.context(request, ticket_page.complete(claimed, request.user), now, view=chosen)
    return render(request, "mentions/ticket.html", page)


@require_POST
@login_required
@flash_refusals
def take(request: HttpRequest, number: int) -> HttpResponse:
    """Claim a ticket from the list, or something urgent."""
    may_play(request)
    visible_or_404(request, number)
    claims.claim(request.user, number, desk_now())
    return redirect("mentions:ticket", number)


@require_POST
@login_required
def renew(request: HttpRequest, number: int) -> HttpResponse:
    """Heartbeat of an open page: {"until": ISO}; 409 with the reason when the claim is gone."""
    may_play(request)
    visible_or_404(request, number)
    try:
        until = claims.renew(number, token_of(request) or UUID(int=0), desk_now(), request.user)
    except claims.ClaimLost as lost:
        return JsonResponse({"error": str(lost)}, status=409)
    return JsonResponse({"until": until.isoformat()})


@require_POST
@login_required
@flash_refusals
def leave(request: HttpRequest, number: int, outcome: str) -> HttpResponse:
    """Apply one of OUTCOMES, then show the next ticket of the played view, or the list."""
    may_play(request)
    if outcome not in OUTCOMES:
        raise Http404(outcome)
    visible_or_404(request, number)
    verb, words = OUTCOMES[outcome]
    event = verb(request, number, desk_now())
    if event is not None:
        offer_undo(request, ticket_words(number, words()), event)
    slug = view_of(request)
    return redirect("mentions:queue") if slug is None else redirect(playing.address(number, slug))


def _solve(request: HttpRequest, number: int, now: datetime) -> Event:
    return outcomes.solve(number, request.user, token_of(request), now=now)


def _pending(request: HttpRequest, number: int, now: datetime) -> Event:
    return outcomes.pending(number, request.user, token_of(request), now=now)


def _no_reply(request: HttpRequest, number: int, now: datetime) -> Event:
    reason, note = request.POST.get("reason", ""), request.POST.get("note", "")
    return outcomes.no_reply_needed(number, request.user, token_of(request), reason=reason, note=note, now=now)


def _report_spam(request: HttpRequest, number: int, now: datetime) -> Event:
    """`link`: where the spam is; `thanks`, `channel`, `guard`: the reply that goes with it, if there is one."""
    text, channel = request.POST.get("thanks", ""), number_of(request.POST.get("channel"))
    thanks = None
    if text.strip() and channel is not None:
        thanks = spam_reports.Thanks(uuid4(), text, channel, number_of(request.POST.get("guard")) or 0)
    try:
        link = request.POST.get("link", "")
        return outcomes.report_spam(number, request.user, token_of(request), link=link, thanks=thanks, now=now)
    except replies.ThreadMoved as moved:
        raise OutcomeRefused(str(moved)) from moved


def _park(request: HttpRequest, number: int, now: datetime) -> Event:
    """`room`: a Slack channel in which the note is asked; only for the answer to a question."""
    waiting_on, room = request.POST.get("waiting_on", ""), request.POST.get("room", "")
    if room.strip() and waiting_on == Ticket.WaitingOn.QUESTION:
        text = request.POST.get("note", "")
        token, until = token_of(request), _until(request)
        return asking.ask(number, request.user, token, room=room, text=text, until=until, now=now)
    return outcomes.park(
        number,
        request.user,
        token_of(request),
        waiting_on=waiting_on,
        until=_until(request),
        note=request.POST.get("note", ""),
        now=now,
    )


def _until(request: HttpRequest) -> datetime | None:
    """A custom time (in the viewer's zone) wins over a preset one; None: the reason's default."""
    text = request.POST.get("at") or request.POST.get("until") or ""
    try:
        at = datetime.fromisoformat(text) if text else None
        if at is not None and at.tzinfo is None:
            at = at.replace(tzinfo=timezone.get_current_timezone())
        return at.astimezone(UTC) if at else None
    except (ValueError, OverflowError) as error:
        raise OutcomeRefused(_("The return time is not a valid time.")) from error


def _hand_back(request: HttpRequest, number: int, now: datetime) -> Event:
    return outcomes.hand_back(number, request.user, token_of(request), note=request.POST.get("note", ""), now=now)


def _answered(request: HttpRequest, number: int, now: datetime) -> Event:
    url, after = request.POST.get("url", ""), request.POST.get("status_after", "solved")
    return outcomes.answered_outside(number, request.user, token_of(request), url=url, status_after=after, now=now)


def _reopen(request: HttpRequest, number: int, now: datetime) -> Event:
    return outcomes.reopen(number, request.user, token_of(request), now=now)


def _wake(request: HttpRequest, number: int, now: datetime) -> Event | None:
    return outcomes.wake(number, request.user, token_of(request), now=now)


def _release(request: HttpRequest, number: int, now: datetime) -> None:
    claims.release(number, request.user, token_of(request) or UUID(int=0), now)
    request.session.pop(playing.PLAYED, None)


OUTCOMES: dict[str, tuple[Callable[[HttpRequest, int, datetime], Event | None], Callable[[], str]]] = {
    "solve": (_solve, lambda: _("solved")),
    "pending": (_pending, lambda: _("pending")),
    "no-reply": (_no_reply, lambda: _("no reply needed")),
    "report-spam": (_report_spam, lambda: _("spam reported")),
    "park": (_park, lambda: _("parked")),
    "hand-back": (_hand_back, lambda: _("handed back")),
    "answered": (_answered, lambda: _("answered outside; it is solved when the answer is seen")),
    "reopen": (_reopen, lambda: _("reopened")),
    "wake": (_wake, lambda: _("back in the queue")),
    "release": (_release, lambda: ""),
}


@require_POST
@login_required
def undo(request: HttpRequest, number: int) -> HttpResponse:
    """Undo the outcome recorded as Event `number`, and show the ticket again."""
    may_play(request)
    now = desk_now()
    mine = access.seen_by(request.user, Event).filter(actor=request.user.pk)
    event = get_object_or_404(mine, pk=number)
    release_current_claim(request, event.ticket_id, now)
    try:
        ticket = outcomes.undo(number, request.user, now)
    except (OutcomeRefused, claims.AlreadyClaimed) as refused:
        messages.error(request, str(refused))
        return redirect("mentions:home")
    messages.success(request, _("Undone."))
    return back_to(request, ticket.pk, now)
