"""The audit log for admins: a page with filters, and a CSV export."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from django.contrib.auth.decorators import login_required, permission_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from audit import log, reading
from audit.csv_cells import spreadsheet_safe
from audit.kinds import EntryKind
from audit.models import Entry

may_read = permission_required("audit.view_entry", raise_exception=True)
COLUMNS = ("at", "kind", "actor_id", "actor_name", "subject_kind", "subject_id", "subject_name", "address", "details")


@require_GET
@login_required
@may_read
@never_cache
def entries(request: HttpRequest) -> HttpResponse:
    """`?kind=&who=&since=&until=&before=`; an invalid filter is ignored, with an error next to its field."""
    form = reading.FilterForm(request.GET)
    page = reading.page(_asked(form), _cleaned(form).get("before"))
    rest = request.GET.copy()
    rest.pop("before", None)
    context = {"form": form, "page": page, "query": rest.urlencode(), "is_filtered": any(rest.values())}
    return render(request, "audit/log.html", context)


@require_GET
@login_required
@may_read
@never_cache
def entries_csv(request: HttpRequest) -> StreamingHttpResponse:
    """All filtered entries, streamed. The export is itself recorded."""
    form = reading.FilterForm(request.GET)
    asked, now = _asked(form), timezone.now()
    filters = {name: str(value) for name, value in _cleaned(form).items() if value}
    log.record(EntryKind.EXPORTED, now=now, subject="audit log", details=filters)
    headers = {"Content-Disposition": f'attachment; filename="audit-log-{now:%Y-%m-%d}.csv"'}
    return StreamingHttpResponse(_rows(asked), content_type="text/csv; charset=utf-8", headers=headers)


def _cleaned(form: reading.FilterForm) -> dict[str, Any]:
    form.is_valid()
    return form.cleaned_data


def _asked(form: reading.FilterForm) -> QuerySet[Entry]:
    given = _cleaned(form)
    return reading.filtered(**{n: given[n] for n in ("kind", "who", "since", "until") if given.get(n)})


def _rows(asked: QuerySet[Entry]) -> Iterator[str]:
    yield "\ufeff" + _line(COLUMNS)
    for row in asked.values_list(*COLUMNS).iterator(chunk_size=2000):
        *values, details = row
        values[0] = row[0].isoformat(timespec="seconds")
        yield _line([*(spreadsheet_safe(value) for value in values), json.dumps(details, ensure_ascii=False)])


def _line(cells: object) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)  # type: ignore[arg-type]
    return out.getvalue()
