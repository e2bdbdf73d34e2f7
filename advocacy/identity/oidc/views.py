"""Views for the company's provider: redirect and callback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from advocacy.identity.oidc.accounts import PROVIDER_ID
from advocacy.identity.oidc.adapter import DeskOIDCAdapter
from channels.clocks import desk_now
from mentions.people import access, roles
from team.volunteers import inviting

MAX_ADMINS = 5


class _Callback(OAuth2CallbackView):  # type: ignore[misc]
    def _get_state(self, request: HttpRequest, provider: Any) -> tuple[Any, Any]:
        state, response = super()._get_state(request, provider)
        self.adapter.state = state
        return state, response


@require_http_methods(["GET", "POST"])
@never_cache
def login(request: HttpRequest, provider_id: str) -> HttpResponse:
    return _answered(request, OAuth2LoginView.adapter_view(_adapter(request, provider_id)))


@require_GET
@never_cache
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    return _answered(request, _Callback.adapter_view(_adapter(request, provider_id)))


@require_GET
@login_required
@never_cache
def confirm(request: HttpRequest) -> HttpResponse:
    """Reauthentication for users without a password here: the provider asks for theirs, then redirects to `next`."""
    provider = _adapter(request, PROVIDER_ID).get_provider()
    back = provider.get_redirect_from_request_kwargs(request).get("next_url")
    return _answered(request, lambda _request: provider.redirect(request, "login", next_url=back, is_fresh=True))


def _adapter(request: HttpRequest, provider_id: str) -> DeskOIDCAdapter:
    """Raises Http404 if single sign-on is not set up."""
    adapter = DeskOIDCAdapter(request, provider_id)
    try:
        adapter.get_provider()
    except SocialApp.DoesNotExist as error:
        raise Http404 from error
    return adapter


def _answered(request: HttpRequest, view: Callable[[HttpRequest], Any]) -> HttpResponse:
    """The view's response, or an error page if the provider is unreachable or not the configured one."""
    try:
        response: HttpResponse = view(request)
    except OAuth2Error as error:
        provider = DeskOIDCAdapter(request, PROVIDER_ID).get_provider()
        response = render_authentication_error(request, provider, exception=error)
    return response


@require_GET
@login_required
def no_role(request: HttpRequest) -> HttpResponse:
    """Shown to users without a role: says so, and whom to ask."""
    if access.roles_of(request.user) or request.user.is_superuser:
        raise Http404
    admins = get_user_model().objects.filter(is_active=True, groups__name=roles.ADMIN).order_by("first_name")
    names = [admin.get_full_name() or admin.get_username() for admin in admins[:MAX_ADMINS]]
    return render(
        request, "account/no_role.html", {"admins": names, "volunteer": inviting.day_of(request.user, desk_now())}
    )
