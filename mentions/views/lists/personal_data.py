"""Exports or erases all data about one person: for admins, from the page of one of their accounts."""

from __future__ import annotations

import tempfile

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from audit import log
from audit.kinds import EntryKind
from channels.clocks import desk_now
from channels.dispatch import send_task
from mentions.models import Author
from mentions.people import access
from mentions.personal_data import exporting
from mentions.personal_data import scope as scopes
from mentions.personal_data.erasing import subject_of
from mentions.personal_data.scope import OneOfUs, Scope


@require_http_methods(["GET", "POST"])
@login_required
def erase(request: HttpRequest, number: int) -> HttpResponse:
    """GET shows what would be erased; POST with `confirm` set to ERASE has a worker erase it."""
    access.require(request.user, access.ERASE)
    author, scope = _scope(request, number)
    problem = ""
    if request.method == "POST":
        if request.POST.get("confirm", "").strip() != "ERASE":
            problem = _("Nothing was erased: type ERASE to confirm.")
        elif send_task("mentions.erase_person", author.pk, request.user.pk):
            messages.success(request, _("The data is being erased. The audit log says what was removed."))
            return redirect("mentions:author", number)
        else:
            problem = _("Nothing was erased: no worker is available. Try again in a minute.")
    context = {"author": author, "title": scope.title, "plan": _words(scope), "problem": problem}
    return render(request, "mentions/erase.html", context, status=422 if problem else 200)


@require_POST
@login_required
def export(request: HttpRequest, number: int) -> FileResponse:
    """A zip of everything the desk holds about them."""
    access.require(request.user, access.EXPORT)
    _author, scope = _scope(request, number)
    now = desk_now()
    out = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
    counts = exporting.export(scope, out, now)
    log.record(EntryKind.EXPORTED, now=now, actor=request.user, subject=subject_of(scope), details=counts)
    out.seek(0)
    return FileResponse(out, as_attachment=True, filename=f"person-{number}.zip", content_type="application/zip")


def _scope(request: HttpRequest, number: int) -> tuple[Author, Scope]:
    """404 if one of their accounts is hidden from the viewer, who may then neither export nor erase it."""
    in_sight = access.seen_by(request.user, Author)
    author = get_object_or_404(in_sight.select_related("person"), pk=number)
    try:
        scope = scopes.of_author(author)
    except OneOfUs as refused:
        raise Http404(str(refused)) from refused
    if in_sight.filter(pk__in=[each.pk for each in scope.authors]).count() < len(scope.authors):
        raise Http404(number)
    return author, scope


def _words(scope: Scope) -> list[str]:
    names = {
        "accounts": _("accounts"),
        "tickets": _("tickets, kept without their text"),
        "messages": _("messages from and to them"),
        "files": _("files"),
        "tickets of others that name them": _("tickets of others, with their names removed"),
    }
    return [f"{count} {names[what]}" for what, count in scopes.plan(scope).items()]
