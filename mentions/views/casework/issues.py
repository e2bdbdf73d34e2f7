"""Issues next to a ticket: open, link and assign them, and tell the requester when one is closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from channels.clocks import desk_now
from mentions.models import Issue, IssueLink, Ticket
from mentions.people import access, audience
from mentions.replies import drafts
from mentions.tickets.conversation import Thread
from mentions.tickets.transitions import OutcomeRefused
from mentions.trackers import assigning, linking, opening, places, wording
from mentions.views import playing
from mentions.views.panels import Panel
from mentions.views.ticket.acting import (
    REFUSALS,
    back_to,
    flash_refusals,
    may_play,
    token_of,
    view_of,
    visible_or_404,
    words_of,
)

MAX_ASSIGNEES = 10


def context(request: HttpRequest, ticket: Ticket, thread: Thread) -> Mapping[str, Any] | None:
    links = list(
        access.seen_by(request.user, IssueLink)
        .filter(ticket=ticket)
        .select_related("issue__outbound", "issue__connection", "by")
        .order_by("at", "pk")
    )
    if not links:
        return blank(request, ticket)
    refused = assigning.trouble_of([link.issue_id for link in links])
    shown = [_shown(link, refused.get(link.issue_id, "")) for link in links]
    return {**_common(request, ticket), "issues": shown, "key": uuid4()}


def blank(request: HttpRequest, ticket: Ticket) -> Mapping[str, Any] | None:
    """Without issues: how to add one, for those who may."""
    common = _common(request, ticket)
    return {**common, "issues": [], "key": ""} if common["may_change"] else None


def _common(request: HttpRequest, ticket: Ticket) -> dict[str, Any]:
    is_mine = ticket.claimed_by_id == request.user.pk
    return {
        "may_change": request.user.has_perm(access.PLAY),
        "is_over": ticket.status == Ticket.Status.CLOSED or ticket.merged_into_id is not None,
        "token": ticket.claim_token if is_mine else "",
    }


def _shown(link: IssueLink, refused: str) -> dict[str, Any]:
    title = link.issue.title_on(link.ticket_id)
    return {"link": link, "refused": refused, "title": title or link.issue.url or link.issue.project}


@require_http_methods(["GET", "POST"])
@login_required
def open_issue(request: HttpRequest, number: int) -> HttpResponse:
    """GET: the template filled in. POST: `project`, `title`, `text`, `confidential`, `mine`, `assignees`, `waits`,
    `again`, and the page's `key`."""
    may_play(request)
    ticket = visible_or_404(request, number)
    circle = audience.circle_of([ticket])
    form: dict[str, Any] = {
        "title": wording.title_of(ticket),
        "text": wording.text_of(ticket),
        "key": uuid4(),
        "confidential": bool(circle.channels),
        "token": request.GET.get("token", ""),
    }
    status = 200
    if request.method == "POST":
        form |= _given(request)
        try:
            _open(request, ticket)
        except (*REFUSALS, ValueError) as refused:
            problem = str(refused) if isinstance(refused, ValueError) else words_of(refused)
            form |= {"problem": problem, "asks_again": isinstance(refused, opening.AlreadyOpened)}
            status = 422
        else:
            messages.success(request, _("The issue is being opened. It is shown on the ticket."))
            return back_to(request, number, desk_now())
    return render(request, "mentions/casework/open_issue.html", _page(request, ticket, circle, form), status=status)


def _page(request: HttpRequest, ticket: Ticket, circle: audience.Circle, form: dict[str, Any]) -> dict[str, Any]:
    projects = places.projects()
    namespaces = {namespace for _connection, namespace in _namespaces()}
    people = {pair for namespace in namespaces for pair in places.names_there(namespace)}
    return {"ticket": ticket, "circle": circle, "projects": projects, "people": sorted(people), **form}


def _namespaces() -> list[tuple[int, str]]:
    return [(connection.pk, source.adapter.namespace(source.config)) for connection, source in places.sources()]


def _given(request: HttpRequest) -> dict[str, Any]:
    names = ("title", "text", "project", "assignees", "key", "token")
    flags = ("confidential", "mine", "waits")
    return {n: request.POST.get(n, "") for n in names} | {n: bool(request.POST.get(n)) for n in flags}


def _open(request: HttpRequest, ticket: Ticket) -> Issue:
    """Raises what `opening.open_issue` raises, ValueError for an incomplete page."""
    given = _given(request)
    project = places.project_of(given["project"])
    if project is None:
        raise OutcomeRefused(_("Choose the project for the issue."))
    try:
        key = UUID(given["key"])
    except ValueError as error:
        raise ValueError(_("The page was incomplete. Reload it and try again.")) from error
    return opening.open_issue(
        ticket.pk,
        request.user,
        token_of(request),
        key=key,
        project=project,
        title=given["title"],
        text=given["text"],
        is_confidential=given["confidential"],
        assignees=_assignees(request, dict(_namespaces()).get(project.connection.pk, "")),
        waits=given["waits"],
        again=bool(request.POST.get("again")),
        now=desk_now(),
    )


def _assignees(request: HttpRequest, namespace: str) -> tuple[str, ...]:
    """Typed names, and one's own account. Raises OutcomeRefused if that is unknown."""
    names = request.POST.get("assignees", "").replace(",", " ").split()[:MAX_ASSIGNEES]
    if request.POST.get("mine"):
        own = places.own_name(namespace, request.user.pk)
        if not own:
            raise OutcomeRefused(
                _("The desk doesn't know your account on the tracker. Type it, or ask an admin to add it.")
            )
        names = [own, *names]
    return tuple(dict.fromkeys(names))


@require_POST
@login_required
@flash_refusals
def link(request: HttpRequest, number: int) -> HttpResponse:
    """`url` of an existing issue, `waits`."""
    may_play(request)
    visible_or_404(request, number)
    url, waits = request.POST.get("url", ""), bool(request.POST.get("waits"))
    linking.link(number, request.user, token_of(request), url=url, waits=waits, now=desk_now())
    messages.success(request, _("Linked. Its state appears in a moment."))
    return redirect(playing.address(number, view_of(request)))


@require_POST
@login_required
@flash_refusals
def change(request: HttpRequest, number: int, link_id: int, what: str) -> HttpResponse:
    """`what`: unlink, retry, settle (no news needed), tell (news into the composer), assign (`assignees`, `mine`)."""
    may_play(request)
    visible_or_404(request, number)
    links = access.seen_by(request.user, IssueLink).select_related("issue")
    found = get_object_or_404(links, pk=link_id, ticket=number)
    now = desk_now()
    if what == "unlink":
        linking.unlink(found.pk, request.user, now)
    elif what == "settle":
        linking.no_news_needed(found.pk, request.user, now)
    elif what == "retry":
        opening.retry(found.issue_id, request.user, now)
    elif what == "tell":
        news = wording.news_of(found.issue)
        drafts.give_back(number, request.user, news, now, replaces=news)
        messages.success(request, _("The update is in the composer."))
    elif what == "assign":
        _assign(request, found)
    else:
        raise Http404(what)
    return redirect(playing.address(number, view_of(request)))


def _assign(request: HttpRequest, found: IssueLink) -> None:
    names = list(_assignees(request, found.issue.namespace))
    try:
        key = UUID(request.POST.get("key", ""))
    except ValueError as error:
        raise OutcomeRefused(_("The page was incomplete. Reload it and try again.")) from error
    assigning.assign(found.pk, request.user, key=key, names=names, now=desk_now())
    messages.success(request, _("Assigning the issue to %(who)s.") % {"who": ", ".join(names)})


ISSUES = Panel(
    "issues",
    gettext_lazy("Issues"),
    "mentions/casework/issues.html",
    context,
    position=30,
    rows="EXISTS (SELECT 1 FROM mentions_issuelink WHERE ticket_id = %(ticket)s)",
    blank=blank,
)
