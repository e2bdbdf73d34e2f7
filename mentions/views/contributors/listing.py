"""The contributors page and its export; import with a dry run."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods

from audit import log
from audit.kinds import EntryKind
from channels.clocks import desk_now
from mentions.marks import applying, csv_files, listing, planning, swag
from mentions.marks.entries import COLUMNS
from mentions.models import Author, Mark, SwagSuggestion, Ticket
from mentions.people import access
from mentions.views import csv_upload
from mentions.views.csv_upload import Upload

MARKS = Upload(
    read=csv_files.read,
    plan=planning.plan,
    carry_out=applying.carry_out,
    columns=COLUMNS,
    template="mentions/contributors/import.html",
    done="mentions:contributors",
)
may_see = permission_required("mentions.view_mark", raise_exception=True)
may_import = permission_required("mentions.import_mark", raise_exception=True)
may_export = permission_required("mentions.export_mark", raise_exception=True)


@require_GET
@login_required
@may_see
def contributors(request: HttpRequest) -> HttpResponse:
    """Filters: `mark` and `region`; `region=-` means no region."""
    kind, region = _asked(request)
    by_region = listing.people(listing.marks_for(request.user, kind, region))
    shown = sum(len(people) for _region, people in by_region)
    context = {
        "by_region": by_region,
        "is_cut": shown >= listing.MAX_SHOWN,
        "kind": kind,
        "region": region,
        "kinds": Mark.Kind.choices,
        "regions": listing.regions(request.user),
        "journey": listing.journey(request.user, desk_now()),
        "suggestions": _suggestions(request),
        "is_narrowed": bool(kind) or region is not None,
    }
    return render(request, "mentions/contributors/list.html", context)


def _asked(request: HttpRequest) -> tuple[str, str | None]:
    kind, region = request.GET.get("mark", ""), request.GET.get("region", "").replace("\0", "")
    return (kind if kind in Mark.Kind.values else "", None if not region else "" if region == "-" else region[:60])


def _suggestions(request: HttpRequest) -> list[tuple[SwagSuggestion, Author | None, bool]]:
    """(suggestion, an account of theirs, whether its conversation may be seen)."""
    if not request.user.has_perm("mentions.give_code"):
        return []
    rows = swag.open_ones().filter(pk__in=access.seen_by(request.user, SwagSuggestion).values("pk"))
    found = list(rows.select_related("rule", "person").prefetch_related("person__authors")[:50])
    tickets = access.seen_by(request.user, Ticket).filter(pk__in=[each.ticket_id for each in found])
    seen = set(tickets.values_list("pk", flat=True))
    return [(each, next(iter(each.person.authors.all()), None), each.ticket_id in seen) for each in found]


@require_GET
@login_required
@may_export
def export_csv(request: HttpRequest) -> HttpResponse:
    """What the page shows, with email addresses; recorded in the audit log."""
    kind, region = _asked(request)
    marks, now = listing.marks_for(request.user, kind, region), desk_now()
    log.record(EntryKind.EXPORTED, now=now, subject="contributors", details={"rows": marks.count()})
    headers = {"Content-Disposition": f'attachment; filename="contributors-{now:%Y-%m-%d}.csv"'}
    content = csv_files.export(marks).encode("utf-8-sig")
    return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=headers)


@require_http_methods(["GET", "POST"])
@login_required
@may_import
def import_csv(request: HttpRequest) -> HttpResponse:
    return csv_upload.page(request, MARKS)
