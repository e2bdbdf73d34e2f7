"""The query tester of a channel, and the pages of ignored mentions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from channels.audience import hidden_connections, seen_by
from channels.clocks import desk_now
from channels.inbox import recent_items
from channels.models import Channel, IgnoreRule
from channels.queries.matching import QueryError, parse
from channels.query_tester import ignored, query_tester

VIEW = "channels.view_channel"
CHANGE = "channels.change_channel"
ADD_RULE = "channels.add_ignorerule"
CHANGE_RULE = "channels.change_ignorerule"


# --- the tester -------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required(VIEW, raise_exception=True)
def query(request: HttpRequest, slug: str) -> HttpResponse:
    """GET tests `?q=`, else the draft, else the current query. POST `do`: try (saves a draft), switch, let_in."""
    visible = seen_by(request.user, Channel).select_related("connection")
    channel = get_object_or_404(visible, slug=slug)
    if request.method == "POST":
        return _change(request, channel)
    text = _clean(request.GET["q"]) if "q" in request.GET else channel.draft_query or channel.query
    return _page(request, channel, text)


def _change(request: HttpRequest, channel: Channel) -> HttpResponse:
    if not request.user.has_perm(CHANGE):
        raise PermissionDenied
    text, do = _clean(request.POST.get("query", "")), request.POST.get("do", "")
    address = reverse("channels:query", args=[channel.slug])
    if do == "let_in":
        _let_in(request, channel)
        return redirect(address)
    try:
        parse(text)
    except QueryError:
        return _page(request, channel, text, status=422)
    if do == "switch":
        query_tester.switch_on(channel, text)
        messages.success(request, _("The query is active. It applies to everything that comes in from now on."))
        return redirect(address)
    channel.draft_query = text
    channel.save(update_fields=["draft_query"])
    query_tester.forget(channel, text)
    return redirect(f"{address}?{urlencode({'q': text})}")


def _let_in(request: HttpRequest, channel: Channel) -> None:
    count = query_tester.let_in(channel, desk_now())
    words = ngettext("Checking %(count)d item again.", "Checking %(count)d items again.", count) % {"count": count}
    messages.success(request, f"{words} {_('Matching items come in within a minute, as one import.')}")


def _clean(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "ignore").decode().strip()


def _page(request: HttpRequest, channel: Channel, text: str, status: int = 200) -> HttpResponse:
    now = desk_now()
    trial, problem = None, ""
    try:
        trial = query_tester.trial_of(channel, text, now)
    except QueryError as error:
        problem = str(error)
    context: dict[str, Any] = {
        "channel": channel,
        "text": text,
        "trial": trial,
        "problem": problem,
        "days": recent_items.DAYS,
        "may_change": request.user.has_perm(CHANGE),
        "next": f"?{urlencode({'q': text})}",
        "kinds": [(kind, KINDS[kind], getattr(trial, kind), trial.examples[kind]) for kind in KINDS] if trial else [],
    }
    is_part = request.headers.get("HX-Request") == "true" and trial is not None
    if not is_part:
        context["waiting"] = query_tester.waiting(channel, now)
    response = render(request, "channels/_trial.html" if is_part else "channels/query.html", context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


KINDS = {
    "newly_in": gettext_lazy("Would now come in"),
    "newly_out": gettext_lazy("Would now stay out"),
    "comes": gettext_lazy("Comes in"),
    "stays": gettext_lazy("Stays out"),
}


# --- ignored mentions -------------------------------------------------------------------------------------------------


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = IgnoreRule
        fields = ("name", "query", "channel")
        widgets = {"query": forms.Textarea(attrs={"rows": 2, "spellcheck": "false"})}

    def clean_query(self) -> str:
        return checked_rule(self.cleaned_data["query"])


def checked_rule(text: str) -> str:
    """The stripped query. Raises ValidationError if it is invalid or would stop everything."""
    try:
        found = parse(text.strip())
    except QueryError as error:
        raise forms.ValidationError(str(error)) from error
    if found.root is None:
        raise forms.ValidationError(_("Enter a query: an empty rule would stop everything."))
    return text.strip()


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required(VIEW, raise_exception=True)
def rules(request: HttpRequest) -> HttpResponse:
    """POST `do`: preview or add a rule; `toggle`: id of a rule to switch on or off."""
    now = desk_now()
    form, preview, status = _rule_form(request), None, 200
    if request.method == "POST":
        if "toggle" in request.POST:
            return _toggle(request)
        if not request.user.has_perm(ADD_RULE):
            raise PermissionDenied
        if not form.is_valid():
            status = 422
        elif request.POST.get("do") == "add":
            rule = form.save()
            messages.success(
                request,
                _("“%(name)s” is on. It applies to everything that comes in from now on.") % {"name": rule.name},
            )
            return redirect("channels:ignored")
        else:
            preview = _preview(request, form)
    context = {
        "lines": ignored.rule_lines(now),
        "counts": [(name, WHY[name], ignored.counts(now).get(why, 0)) for name, why in ignored.LISTED.items()],
        "form": form,
        "preview": preview,
        "days": recent_items.DAYS,
        "may_add": request.user.has_perm(ADD_RULE),
        "may_change": request.user.has_perm(CHANGE_RULE),
    }
    return render(request, "channels/ignored.html", context, status=status)


WHY = {
    "query": gettext_lazy("Channel queries"),
    "none": gettext_lazy("Not a mention: a retweet, or the phrase does not appear as a whole word"),
    "undone": gettext_lazy("Undone imports"),
}


def _rule_form(request: HttpRequest) -> RuleForm:
    form = RuleForm(request.POST if request.method == "POST" and "toggle" not in request.POST else None)
    channels: Any = form.fields["channel"]
    channels.queryset = seen_by(request.user, Channel)
    channels.empty_label, channels.help_text = _("all channels"), ""
    return form


def _preview(request: HttpRequest, form: RuleForm) -> query_tester.Preview:
    channel = form.cleaned_data["channel"]
    channels = seen_by(request.user, Channel)
    chosen = [channel.connection_id] if channel else list(channels.values_list("connection_id", flat=True).distinct())
    hidden = set(hidden_connections(request.user).values_list("connection_id", flat=True))
    ids = [pk for pk in chosen if pk not in hidden]
    return query_tester.preview_rule(form.cleaned_data["query"], channel, ids, desk_now())


def _toggle(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(CHANGE_RULE):
        raise PermissionDenied
    rule = get_object_or_404(IgnoreRule, pk=_number(request.POST["toggle"]))
    rule.is_active = not rule.is_active
    rule.save(update_fields=["is_active"])
    words = _("“%(name)s” is on again.") if rule.is_active else _("“%(name)s” is off.")
    messages.success(request, words % {"name": rule.name})
    return redirect("channels:ignored")


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 18 else None


@require_GET
@login_required
@permission_required(VIEW, raise_exception=True)
def stopped_by_rule(request: HttpRequest, number: int) -> HttpResponse:
    rule = get_object_or_404(IgnoreRule.objects.select_related("channel"), pk=number)
    return _stopped(request, ignored.by_rule(rule), {"rule": rule, "title": rule.name, "may_let_in": True})


@require_GET
@login_required
@permission_required(VIEW, raise_exception=True)
def stopped_by_reason(request: HttpRequest, what: str) -> HttpResponse:
    """`what`: query, none (no mention), undone."""
    if what not in ignored.LISTED:
        raise Http404(what)
    items = ignored.by_reason(ignored.LISTED[what], desk_now())
    return _stopped(request, items, {"title": WHY[what], "days": recent_items.DAYS, "may_let_in": what == "query"})


def _stopped(request: HttpRequest, items: Any, context: dict[str, Any]) -> HttpResponse:
    page = ignored.page_of(items, request.user, _number(request.GET.get("below")))
    context["may_let_in"] = context["may_let_in"] and request.user.has_perm(CHANGE_RULE)
    return render(request, "channels/ignored_items.html", {**context, "page": page, "back": request.path})


@require_POST
@login_required
@permission_required(CHANGE_RULE, raise_exception=True)
def let_in(request: HttpRequest, number: int) -> HttpResponse:
    item = ignored.let_in(number, request.user)
    if item is None:
        messages.warning(
            request, _("It is no longer kept out, or its raw copy has expired and it cannot be read again.")
        )
        return redirect("channels:ignored")
    messages.success(request, _("It comes in within a minute."))
    if item.ignored_by_id:
        return redirect("channels:ignored_by_rule", item.ignored_by_id)
    return redirect("channels:ignored_items", item.ignored_why)
