"""The pages of a bulk reply: written, previewed, sent, taken back."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from channels.clocks import desk_now
from mentions.people import access
from mentions.views.ticket.acting import number_of, words_of
from team.incident_pages.views import found_or_404, may_change, may_see
from team.incidents import preview, progressing, sending, wording
from team.incidents.preview import PreviewLine
from team.models import Incident, IncidentBatch, IncidentKind

may_send = permission_required(access.BULK, raise_exception=True)
AFTER = {IncidentKind.ANSWER: "pending", IncidentKind.OVER: "solved"}


@require_http_methods(["GET", "POST"])
@login_required
@may_change
@may_send
def compose(request: HttpRequest, number: int, kind: str) -> HttpResponse:
    """`text`, `status_after`, `key`; `ticket` (repeated) with `guard-<id>`: the selected tickets as shown;
    `shown`: the digest of the previewed text. Sends with `send`, if the text is still the previewed one."""
    found = found_or_404(number)
    if kind not in IncidentKind.values:
        raise Http404(kind)
    text = request.POST.get("text", wording.default(found, kind)).replace("\0", "").replace("\r\n", "\n").strip()
    if request.method == "POST" and request.POST.get("send"):
        if request.POST.get("shown") == digest(text):
            return _send(request, found, kind, text)
        messages.warning(request, _("The text has changed. Review the replies, then send them."))
    return _preview(request, found, kind, text)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _preview(request: HttpRequest, found: Incident, kind: str, text: str, problem: str = "") -> HttpResponse:
    lines: list[PreviewLine] = []
    try:
        lines = preview.lines(found, kind, preview.wordings(text), request.user, desk_now())
    except ValidationError as error:
        problem = problem or words_of(error)
    after = request.POST.get("status_after", AFTER[IncidentKind(kind)])
    written = [line for line in lines if not line.why]
    context = {
        "incident": found,
        "kind": kind,
        "kind_words": IncidentKind(kind).label,
        "text": text,
        "shown": digest(text),
        "key": _key(request) or uuid4(),
        "after": after,
        "statuses": [("pending", _("pending: they may reply")), ("solved", _("solved"))],
        "lines": [(line, _is_chosen(request, line)) for line in written],
        "left_out": [line for line in lines if line.why],
        "variables": preview.KNOWN,
        "problem": problem,
        "ends_at": max(sending.start_times(written, desk_now()).values(), default=None) if written else None,
        "is_allowed": found.state == "over" or (kind == IncidentKind.ANSWER and found.state == "open"),
    }
    return render(request, "team/incident_reply.html", context, status=422 if problem else 200)


def _is_chosen(request: HttpRequest, line: PreviewLine) -> bool:
    """Keeps the choice for tickets that the form has already shown."""
    if f"guard-{line.ticket.pk}" in request.POST:
        return str(line.ticket.pk) in request.POST.getlist("ticket")
    return not line.doubt


def _key(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.POST.get("key", ""))
    except ValueError:
        return None


def _send(request: HttpRequest, found: Incident, kind: str, text: str) -> HttpResponse:
    key, chosen = _key(request), _chosen(request)
    try:
        if key is None or not chosen:
            raise sending.SendingRefused(_("Choose who to tell."))
        sending.begin(
            found.pk, request.user, key=key, kind=kind, text=text, chosen=chosen, now=desk_now(),
            status_after=request.POST.get("status_after", ""),
        )  # fmt: skip
    except (sending.SendingRefused, ValidationError) as refused:
        return _preview(request, found, kind, text, words_of(refused))
    messages.success(request, _("On their way. You can take them back below until they are sent."))
    return redirect("team:incident", found.pk)


def _chosen(request: HttpRequest) -> dict[int, int]:
    """Ticket → the last message shown."""
    found: dict[int, int] = {}
    for text in request.POST.getlist("ticket")[: preview.MAX_LINES]:
        ticket, guard = number_of(text), number_of(request.POST.get(f"guard-{text}"))
        if ticket is not None and guard is not None:
            found[ticket] = guard
    return found


@require_GET
@login_required
@may_see
def progress(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Progress of a running batch, for its incident's page."""
    found = get_object_or_404(IncidentBatch.objects.select_related("incident", "by", "undone_by"), pk=batch_id)
    context: dict[str, Any] = {"each": progressing.of(found, request.user, desk_now())}
    return render(request, "team/_incident_progress.html", context)


@require_POST
@login_required
@may_send
def undo(request: HttpRequest, batch_id: int) -> HttpResponse:
    found = get_object_or_404(IncidentBatch, pk=batch_id)
    done = sending.undo(found.pk, request.user, desk_now())
    words = ngettext("%(count)d reply taken back.", "%(count)d replies taken back.", done.taken_back)
    text = words % {"count": done.taken_back}
    if done.gone:
        gone = ngettext("%(count)d had already been sent.", "%(count)d had already been sent.", done.gone)
        text = f"{text} {gone % {'count': done.gone}}"
    (messages.success if done.taken_back else messages.warning)(request, text)
    return redirect("team:incident", found.incident_id)
