"""Asking who somebody is once more, before anything by which others would speak or log in as them."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import urlencode


def is_needed(request: HttpRequest) -> bool:
    """Whether it is more than five minutes since they last said who they are."""
    return bool(is_reauthentication_required(request, app="desk"))


def ask(request: HttpRequest, back: str) -> HttpResponse:
    """To the page that asks, and then `back` to a page (an address). What was sent is not kept meanwhile: there may be
    secrets in it."""
    methods = get_adapter().get_reauthentication_methods(request.user)
    page = methods[0]["url"] if methods else "account_login"
    return redirect(f"{page}?{urlencode({'next': back})}")
