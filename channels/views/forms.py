"""A form's public page, which other sites may embed in a frame, and the list of forms for site owners.

The page is rendered without the request: no session, no cookie, no inline code; its own CSP lists the embedding sites.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from channels.adapters.form.language import read_lines
from channels.clocks import desk_now
from channels.errors import ChannelError, Malformed
from channels.polling.receiving_webhooks import declared_bytes
from channels.webforms import form_answers, form_page
from channels.webforms.form_answers import Filled, ShownQuestion
from channels.webforms.form_page import TOKEN, TRAP, Form, Token

SENT = "sent"


@csrf_exempt
@xframe_options_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, slug: str) -> HttpResponse:
    form = _form_or_404(slug)
    if not form.is_open:
        return _page(form, "closed", status=503)
    if request.method != "POST":
        return _page(form, "thanks") if SENT in request.GET else _asked(form, form_answers.empty(form.questions))
    if declared_bytes(request.META) > form_page.MAX_BYTES:
        problem = _("That is too long. Please shorten it, or send us a link to the rest.")
        return _asked(form, form_answers.empty(form.questions), problem, status=413)
    return _sent(request, form)


def _form_or_404(slug: str) -> Form:
    try:
        form = form_page.form_of(slug)
    except ChannelError:
        form = None
    if form is None:
        raise Http404(slug)
    return form


def _sent(request: HttpRequest, form: Form) -> HttpResponse:
    """On any problem, shows the page again with the input."""
    now = desk_now()
    filled = form_answers.read(form.questions, {name: request.POST.getlist(name) for name in request.POST})
    sent_token = request.POST.get(TOKEN, "")
    state, submission_id = form_page.read_token(form, sent_token, now)
    if request.POST.get(TRAP, "").strip():
        problem = _("A hidden field was filled in. Please send the form again.")
        return _asked(form, filled.shown, problem, status=422)
    if state is Token.QUICK:  # the same token: it will be old enough by the time a person resubmits
        problem = _("That was very quick. Please check your answers and send the form again.")
        return _asked(form, filled.shown, problem, sent_token, status=422)
    if state is not Token.GOOD:
        problem = _("This page has expired or is incomplete. Nothing is lost: please send the form again.")
        return _asked(form, filled.shown, problem, status=422)
    if filled.problems:
        return _asked(form, filled.shown, _("Not sent yet: please check the fields marked below."), sent_token, 422)
    return _store(request, form, filled, submission_id)


def _store(request: HttpRequest, form: Form, filled: Filled, submission_id: str) -> HttpResponse:
    now = desk_now()
    if form_page.is_too_many(form, form_page.client_address(request.META), now):
        problem = _("Too many forms were sent from your network. Nothing is lost: please send it again in ten minutes.")
        response = _asked(form, filled.shown, problem, status=429)
        response.headers["Retry-After"] = str(form_page.WINDOW_S)
        return response
    try:
        is_stored = form_page.store(form, submission_id, filled.answers, now)
    except Malformed:
        return _asked(form, filled.shown, _("The form is empty. Please fill it in."), status=422)
    if not is_stored:
        problem = _("You have already sent this form. To send it again with your changes, press Send.")
        return _asked(form, filled.shown, problem, status=409)
    return _private(HttpResponseRedirect(f"{reverse('forms:form', args=[form.channel.slug])}?{SENT}=1"), form)


def _asked(
    form: Form, shown: list[ShownQuestion], problem: str = "", token: str = "", status: int = 200
) -> HttpResponse:
    token = token or form_page.new_token(form, desk_now())
    return _page(form, "asked", status=status, shown=shown, problem=problem, token=token)


def _page(form: Form, state: str, status: int = 200, **more: Any) -> HttpResponse:
    context = {"form": form, "state": state, "token_name": TOKEN, "trap": TRAP, "address": form.address, **more}
    return _private(HttpResponse(render_to_string("channels/form_page.html", context), status=status), form)


def _private(response: HttpResponse, form: Form) -> HttpResponse:
    ancestors = " ".join(form.sites) or "'none'"
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        f"frame-ancestors {ancestors}"
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@require_GET
@login_required
@permission_required("channels.view_connection", raise_exception=True)
def index(request: HttpRequest) -> HttpResponse:
    """All forms with their address, embed code and webhook URL."""
    try:
        found, problem = form_page.forms(), ""
    except ChannelError as error:
        found, problem = [], str(error)
    rows = [_row(request, form) for form in found]
    return render(request, "channels/form_index.html", {"rows": rows, "problem": problem})


def _row(request: HttpRequest, form: Form) -> dict[str, Any]:
    address = request.build_absolute_uri(reverse("forms:form", args=[form.channel.slug]))
    settings = form.source.config.channel_settings.get(form.address, {})
    unclear = read_lines(settings.get("form_fields"))[1]
    height = 260 + 92 * len(form.questions)
    given = settings.get("allowed_sites") or []
    return {
        "form": form,
        "address": address,
        "hook": request.build_absolute_uri(reverse("hook", args=[form.source.connection.hook_id])),
        "snippet": f'<iframe src="{escape(address)}" title="{escape(form.title)}" width="100%" height="{height}" '
        'loading="lazy" frameborder="0"></iframe>',
        "unclear": [*unclear, *(site for site in given if not form_page.sites_of([site]))],
    }
