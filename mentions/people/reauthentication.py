"""Reauthenticates a user before anything that would let others post or log in as them."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import urlencode


def is_needed(request: HttpRequest) -> bool:
    """Whether the last authentication is more than five minutes old."""
    return bool(is_reauthentication_required(request, app="desk"))


def ask(request: HttpRequest, back: str) -> HttpResponse:
    """Redirect to reauthentication, and then to `back` (a URL). The submitted data is not kept: it may contain
    secrets."""
    methods = get_adapter().get_reauthentication_methods(request.user)
    page = methods[0]["url"] if methods else "account_login"
    return redirect(f"{page}?{urlencode({'next': back})}")
