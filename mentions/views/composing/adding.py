"""Add a mention by URL: paste it, let the desk read the page, correct what was found, save.

A worker reads the page, never the request; text typed in the meantime is kept. Without JavaScript the same buttons lead
to separate pages.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from redis.exceptions import RedisError

from channels.clocks import desk_now
from channels.dispatch import send_task
from channels.http.limits_per_person import may_ask
from channels.links.web_addresses import is_web_address
from channels.registry import by_hand
from mentions.imports import adding
from mentions.imports.adding import AddingRefused, Found
from mentions.people import access
from mentions.views.ticket.acting import may_play

CACHE_TTL_S = 600
PATIENCE_S = 45
"""How long to wait for a page; a worker gives up earlier."""
READ = ("url", "title", "author", "text", "posted_at", "language")
MINUTE = "%Y-%m-%dT%H:%M"


class AddForm(forms.Form):
    url = forms.CharField(
        label=gettext_lazy("Page URL"),
        max_length=2000,
        widget=forms.TextInput(attrs={"inputmode": "url", "placeholder": "https://", "autocomplete": "off"}),
    )
    title = forms.CharField(label=gettext_lazy("Title"), max_length=500, required=False)
    author = forms.CharField(label=gettext_lazy("Author"), max_length=250, required=False)
    text = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=20_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 8, "dir": "auto"}),
    )
    posted_at = forms.DateTimeField(
        label=gettext_lazy("Published"),
        required=False,
        widget=forms.DateTimeInput(format=MINUTE, attrs={"type": "datetime-local"}),
        help_text=gettext_lazy("Leave empty to use the current time."),
    )
    channel = forms.ChoiceField(label=gettext_lazy("Channel"))
    language = forms.CharField(max_length=12, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: access.User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["channel"].choices = [(c.slug, c.name) for c in adding.channels_of(user)]  # type: ignore[attr-defined]
        for name, field in self.fields.items():
            field.widget.attrs |= {"aria-describedby": f"told-{name}"} if name in self.errors else {}

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"])
        if not is_web_address(url):
            raise forms.ValidationError(_("This is not a web address. It must start with https:// or http://."))
        return url

    def clean_posted_at(self) -> datetime | None:
        at: datetime | None = self.cleaned_data["posted_at"]
        if at is not None and at > desk_now():
            raise forms.ValidationError(_("This time is in the future. Enter when the page was posted."))
        return at

    def found(self) -> Found:
        values = {name: str(self.cleaned_data[name] or "") for name in ("url", "title", "author", "text", "language")}
        at = self.cleaned_data["posted_at"]
        return Found(**values, posted_at=at.isoformat() if at else "", channel=self.cleaned_data["channel"])


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def add(request: HttpRequest) -> HttpResponse:
    """GET: `?url=&title=&text=&author=` prefill the form (the bookmarklet); POST: save."""
    may_play(request)
    if request.method != "POST":
        return _page(request, AddForm(initial=_typed(request.GET), user=request.user))
    form = AddForm(request.POST, user=request.user)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        added = adding.add(form.found(), request.user, desk_now())
    except AddingRefused as refused:
        return _page(request, form, problem=str(refused), status=422)
    if added.is_new:
        messages.success(request, _("Added."))
    else:
        messages.info(request, _("This page already has a ticket: this one. Nothing was added."))
    return redirect("mentions:ticket", added.ticket.pk)


@require_POST
@login_required
def read_page(request: HttpRequest) -> HttpResponse:
    """Have the page at `url` read, unless it has a ticket already."""
    may_play(request)
    form = AddForm(initial=_typed(request.POST), user=request.user)
    url = request.POST.get("url", "").strip()[:2000]
    if not is_web_address(url):
        problem = _("Enter a page URL first. It must start with https:// or http://.")
        return _page(request, form, problem=problem, status=422)
    try:
        known = adding.ticket_of(url, request.user, desk_now())
    except AddingRefused as refused:
        return _page(request, form, problem=str(refused), status=422)
    if known is not None:
        return _page(request, form, known=known)
    if not may_ask(request.user.pk):
        why = _("you read several pages within a minute; wait a moment, then try again")
        return _page(request, form, problem=_CANNOT_READ % {"why": why}, status=429)
    key = uuid4().hex
    begun = {"typed": _typed(request.POST), "at": desk_now().timestamp()}
    try:
        cache.set(_key(request, key), begun, CACHE_TTL_S)
        is_begun = send_task("channels.read_page", url, f"{_key(request, key)}:page")
    except RedisError:
        is_begun = False
    if not is_begun:
        return _page(request, form, problem=_CANNOT_READ % {"why": _("no worker is available")})
    if not request.headers.get("HX-Request"):
        return redirect("mentions:page_read", key)
    return _page(request, form, reading=key)


_CANNOT_READ = gettext_lazy("The page could not be read: %(why)s. Fill in the fields yourself.")


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def page_read(request: HttpRequest, key: str) -> HttpResponse:
    """The result of reading: 204 while in progress (polled by the page), else the form with what was found. POST
    carries what was typed since."""
    may_play(request)
    try:
        begun, read = cache.get(_key(request, key)), cache.get(f"{_key(request, key)}:page")
    except RedisError:
        begun, read = None, None
    typed = _typed(request.POST) if request.method == "POST" else (begun or {}).get("typed", {})
    if begun is not None and read is None and desk_now().timestamp() - begun["at"] < PATIENCE_S:
        if request.headers.get("HX-Request"):
            return HttpResponse(status=204)
        return _page(request, AddForm(initial=typed, user=request.user), reading=key)
    if read is None or "problem" in read:
        why = read["problem"].rstrip(".") if read else _("it took too long")
        return _page(request, AddForm(initial=typed, user=request.user), problem=_CANNOT_READ % {"why": why})
    return _page(request, AddForm(initial=_filled(typed, read["page"]), user=request.user), was_read=True)


@require_POST
@login_required
def set_up(request: HttpRequest) -> HttpResponse:
    """Create the connection and the channel for added pages."""
    may_play(request)
    if not request.user.has_perm(adding.SET_UP):
        raise PermissionDenied(_("Only an admin can set this up."))
    channel = by_hand.set_up()
    messages.success(request, _("Added pages go to the channel “%(name)s”.") % {"name": channel.name})
    return redirect("mentions:add")


def _key(request: HttpRequest, key: str) -> str:
    """One key per person: nobody sees what another one reads."""
    return f"adding:{request.user.pk}:{key}"


def _typed(given: Any) -> dict[str, str]:
    names = (*READ, "channel")
    return {name: given[name].replace("\0", "")[:20_000] for name in names if given.get(name, "").strip()}


def _filled(typed: dict[str, str], page: dict[str, str]) -> dict[str, Any]:
    """Typed values win; the page's canonical URL replaces the pasted one."""
    found: dict[str, Any] = {name: page.get(name) for name in READ if page.get(name)}
    if found.get("posted_at"):
        at = datetime.fromisoformat(found["posted_at"])
        found["posted_at"] = min(at, desk_now())
    return {**found, **typed, "url": page["url"]}


def _page(
    request: HttpRequest,
    form: AddForm,
    *,
    problem: str = "",
    reading: str = "",
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    is_part = bool(request.headers.get("HX-Request"))
    context = {
        "form": form,
        "problem": problem,
        "reading": reading,
        "has_channels": bool(form.fields["channel"].choices),  # type: ignore[attr-defined]
        "may_set_up": request.user.has_perm(adding.SET_UP),
        "bookmarklet": bookmarklet(request.build_absolute_uri(reverse("mentions:add"))),
        **more,
    }
    response = render(request, "mentions/_add.html" if is_part else "mentions/add.html", context, status=status)
    response.headers["Vary"] = "Cookie, HX-Request"
    return response


def bookmarklet(address: str) -> str:
    """A `javascript:` URL for the bookmarks bar: it opens the form with the page's URL, title and selection, truncated
    so that the URL stays short enough for every server."""
    script = (
        "(()=>{let t=String(getSelection());while(encodeURIComponent(t).length>2000)t=t.slice(0,-50);"
        "open('ADDRESS?'+new URLSearchParams({url:location.href,title:document.title.slice(0,200),text:t}),"
        "'_blank','noopener')})()"
    )
    return "javascript:" + quote(script.replace("ADDRESS", address), safe="(){}[]=>;:,.!?'+/_-")
