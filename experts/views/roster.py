"""Lists of colleagues: CSV import with a dry run, export, and team pages."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from audit import log
from audit.kinds import EntryKind
from channels.clocks import desk_now
from channels.dispatch import task_after_commit
from experts.models import Expert, TeamPage
from experts.roster import applying, csv_files, planning, team_pages
from experts.roster.planning import Plan
from experts.views.directory import may_see
from mentions.text.cells import BadFile
from mentions.views.csv_upload import FileForm

MAX_SHOWN = 300
may_import = permission_required(("experts.add_expert", "experts.change_expert"), raise_exception=True)


@require_http_methods(["GET", "POST"])
@login_required
@may_import
def import_csv(request: HttpRequest) -> HttpResponse:
    """GET: choose a file. POST with `file`: what it would change. POST with `text` and `digest`: exactly that."""
    if request.method != "POST":
        return _page(request, FileForm())
    if "text" in request.POST:
        return _carry_out(request, request.POST["text"])
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, status=422)
    return _dry_run(request, form.cleaned_data["file"])


def _dry_run(request: HttpRequest, text: str) -> HttpResponse:
    try:
        entries = csv_files.read(text.encode())
    except BadFile as error:
        form = FileForm()
        form.errors["file"] = form.error_class([str(error)])
        return _page(request, form, status=422)
    return _page(request, FileForm(), text=text, plan=planning.plan(entries))


def _carry_out(request: HttpRequest, text: str) -> HttpResponse:
    try:
        entries = csv_files.read(text.encode())
        plan = applying.carry_out(entries, request.POST.get("digest", ""), request.user, desk_now())
    except BadFile:
        return _dry_run(request, text)
    except applying.NotAsShown as error:
        messages.error(request, str(error))
        return _page(request, FileForm(), text=text, plan=error.plan, status=409)
    counts = plan.counts
    messages.success(request, _("%(add)d added, %(update)d updated.") % counts)
    return redirect("experts:directory")


def _page(
    request: HttpRequest, form: FileForm, *, text: str = "", plan: Plan | None = None, status: int = 200
) -> HttpResponse:
    shown = [step for step in plan.steps if step.deed != "same"] if plan else []
    shown.sort(key=lambda step: step.deed != "wrong")
    context = {"form": form, "text": text, "plan": plan, "shown": shown[:MAX_SHOWN], "columns": csv_files.COLUMNS}
    context["hidden"] = max(len(shown) - MAX_SHOWN, 0)
    return render(request, "experts/import.html", context, status=status)


@require_GET
@login_required
@may_see
def export_csv(request: HttpRequest) -> HttpResponse:
    """The whole directory; the export is itself recorded."""
    now = desk_now()
    log.record(EntryKind.EXPORTED, now=now, subject="expert directory", details={"rows": Expert.objects.count()})
    headers = {"Content-Disposition": f'attachment; filename="experts-{now:%Y-%m-%d}.csv"'}
    return HttpResponse(csv_files.export().encode("utf-8-sig"), content_type="text/csv; charset=utf-8", headers=headers)


@require_GET
@login_required
@may_import
def team_page(request: HttpRequest, page_id: int) -> HttpResponse:
    """What the last reading changed, who is no longer on the page, and what could not be read."""
    page = get_object_or_404(TeamPage, pk=page_id)
    context = {"page": page, "now": desk_now(), "is_waiting": page.due_at is not None and page.due_at <= desk_now()}
    return render(request, "experts/team_page.html", context | _people_of(page))


def _people_of(page: TeamPage) -> dict[str, Any]:
    report = page.report
    updated = dict(report.get("updated", []))
    ids = [*report.get("added", []), *updated, *report.get("missing", [])]
    known = Expert.objects.select_related("person").in_bulk(ids)
    return {
        "added": [known[pk] for pk in report.get("added", []) if pk in known],
        "updated": [(known[pk], ", ".join(fields)) for pk, fields in updated.items() if pk in known],
        "missing": [known[pk] for pk in report.get("missing", []) if pk in known and known[pk].is_active],
    }


@require_POST
@login_required
@may_import
def read_page(request: HttpRequest, page_id: int) -> HttpResponse:
    """Read the page now; it takes a few seconds in the background."""
    page = get_object_or_404(TeamPage, pk=page_id)
    team_pages.request(page.pk, desk_now())
    task_after_commit("experts.read_team_pages")
    messages.success(request, _("%(page)s is being read.") % {"page": page})
    return redirect("experts:team_page", page.pk)
