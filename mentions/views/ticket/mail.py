"""An email's original HTML: sanitised, in a separate frame, with a stricter policy than any page."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from mentions.models import Message
from mentions.people import access
from mentions.text.sanitise import clean_mail

# allow-same-origin without allow-scripts: the frame may load our own pictures with the viewer's session; no script
# runs.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src {images}; frame-ancestors 'self'; base-uri 'none'; "
    "form-action 'none'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
)


@require_GET
@login_required
@xframe_options_sameorigin
def html(request: HttpRequest, number: int) -> HttpResponse:
    """`?pictures=1`: the reader's click allows loading remote pictures."""
    messages = access.seen_by(request.user, Message).exclude(html="")
    message = get_object_or_404(messages.prefetch_related("attachments"), pk=number)
    show = request.GET.get("pictures") == "1"
    inline = {
        file.content_id.strip("<>"): reverse("mentions:attachment", args=[file.pk])
        for file in message.attachments.all()
        if file.content_id and file.blob_id
    }
    clean = clean_mail(message.html, inline, show_remote=show)
    response = render(request, "mentions/mail.html", {"clean": clean, "show": show, "message": message})
    response.headers["Content-Security-Policy"] = POLICY.format(images="'self' https: http:" if show else "'self'")
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
