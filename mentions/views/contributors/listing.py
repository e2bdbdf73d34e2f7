"""The contributors page and its export; import with a dry run."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from audit import log
from audit.kinds import EntryKind
from channels.clocks import desk_now
from mentions.marks import applying, csv_files, listing, planning, swag
from mentions.marks.entries import COLUMNS
from mentions.marks.planning import Plan
from mentions.models import Author, Mark, SwagSuggestion, Ticket
from mentions.people import access
from mentions.text.cells import BadFile
from mentions.views.csv_upload import FileForm

MAX_SHOWN = 300
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
    """GET: choose a file. POST with `file`: preview. POST with `text` and `digest`: apply exactly that preview."""
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
    messages.success(request, _("%(add)d added, %(update)d updated.") % plan.counts)
    return redirect("mentions:contributors")


def _page(
    request: HttpRequest, form: FileForm, *, text: str = "", plan: Plan | None = None, status: int = 200
) -> HttpResponse:
    shown = [step for step in plan.steps if step.deed != "same"] if plan else []
    shown.sort(key=lambda step: step.deed != "wrong")
    context = {"form": form, "text": text, "plan": plan, "shown": shown[:MAX_SHOWN], "columns": COLUMNS}
    context["hidden"] = max(len(shown) - MAX_SHOWN, 0)
    return render(request, "mentions/contributors/import.html", context, status=status)
