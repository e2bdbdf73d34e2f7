"""Attachments: always a download, never shown as a page of ours."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from mentions.models import Attachment
from mentions.people import access

PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp"}
"""Types served under their own name, so that inline pictures of emails show in the frame; all others are just bytes."""


@require_GET
@login_required
def attachment(request: HttpRequest, number: int) -> HttpResponse:
    """The bytes, for people who may see the ticket; 404 also if only name and size were stored."""
    files = access.seen_by(request.user, Attachment).filter(blob__isnull=False).select_related("blob")
    file = get_object_or_404(files, pk=number)
    kind = file.type.lower().partition(";")[0].strip()
    response = HttpResponse(bytes(file.blob.content if file.blob else b""), content_type="application/octet-stream")
    if kind in PICTURES:
        response.headers["Content-Type"] = kind
    response.headers["Content-Disposition"] = content_disposition_header(True, _plain(file.name)) or "attachment"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


def _plain(name: str) -> str:
    """On one line, without characters that could end a header."""
    return "".join(c if c.isprintable() else " " for c in name).strip() or "file"
