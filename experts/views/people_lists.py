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
from experts.people_lists import applying, csv_files, planning, team_pages
from experts.views.directory import may_see
from mentions.views import csv_upload
from mentions.views.csv_upload import Upload

DIRECTORY = Upload(
    read=csv_files.read,
    plan=planning.plan,
    carry_out=applying.carry_out,
    columns=csv_files.COLUMNS,
    template="experts/import.html",
    done="experts:directory",
)
may_import = permission_required(("experts.add_expert", "experts.change_expert"), raise_exception=True)


@require_http_methods(["GET", "POST"])
@login_required
@may_import
def import_csv(request: HttpRequest) -> HttpResponse:
    return csv_upload.page(request, DIRECTORY)


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
        "updated": [(known[pk], ", ".join(map(_word, fields))) for pk, fields in updated.items() if pk in known],
        "missing": [known[pk] for pk in report.get("missing", []) if pk in known and known[pk].is_active],
    }


def _word(field: str) -> str:
    """What people call a changed field; name, topics and accounts are no fields of an expert and their own words."""
    if field == "page_key":
        return _("entry on the page")
    names = {each.name: str(each.verbose_name) for each in Expert._meta.concrete_fields}
    return names.get(field, field)


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
