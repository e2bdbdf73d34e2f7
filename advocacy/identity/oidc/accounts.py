"""Users from the company's provider: identified by `sub`, with roles from the mapping on first login."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

import requests
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.shortcuts import render

from audit import log
from audit.kinds import EntryKind
from channels.clocks import desk_now
from mentions.people import roles

logger = logging.getLogger(__name__)

PROVIDER_ID = "company"
"""Part of the URLs: /accounts/oidc/company/login/."""
TIMEOUT_S = 10


class TeamSocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """The provider decides who may log in; the desk decides what they may do."""
        return True

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """An existing account is connected by its owner, who proves it with their password: an address from the
        provider is not enough to take it over."""
        if sociallogin.is_existing or request.user.is_authenticated:
            return
        email = next((address.email for address in sociallogin.email_addresses), "")
        if email and _is_taken(email):
            log.record(
                EntryKind.LOGIN_REFUSED, now=desk_now(), actor_name="(single sign-on)", details={"why": "known address"}
            )
            raise ImmediateHttpResponse(render(request, "socialaccount/known.html", {"email": email}, status=409))

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> User:
        with transaction.atomic():
            person: User = super().save_user(request, sociallogin, form)
            _give_roles(person, claims_of(sociallogin.account.extra_data))
        return person

    def on_authentication_error(self, request: HttpRequest, provider: Any, *args: Any, **kwargs: Any) -> None:
        why = str(kwargs.get("exception") or kwargs.get("error") or "")[:200]
        logger.warning("Single sign-on failed: %s", why)
        log.record(EntryKind.LOGIN_FAILED, now=desk_now(), actor_name="(single sign-on)", details={"why": why})

    def get_requests_session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.request = _patient(session.request)  # type: ignore[method-assign]
        return session


def _patient(send: Any) -> Any:
    def request(*args: Any, **kwargs: Any) -> Any:
        return send(*args, **{"timeout": TIMEOUT_S, "allow_redirects": False, **kwargs})

    return request


def _is_taken(email: str) -> bool:
    return User.objects.filter(Q(email__iexact=email) | Q(emailaddress__email__iexact=email)).exists()


def claims_of(extra: Mapping[str, Any]) -> dict[str, Any]:
    """The provider's claims about a user: userinfo over id_token."""
    return {**extra.get("id_token", {}), **extra.get("userinfo", {})}


def mapped_roles(claims: Mapping[str, Any]) -> list[str]:
    """Role names from DESK_OIDC_ROLES for the values of DESK_OIDC_ROLE_CLAIM: a string, or a list of strings."""
    value = claims.get(settings.OIDC_ROLE_CLAIM, [])
    values = {value} if isinstance(value, str) else set(filter(_is_text, value)) if isinstance(value, list) else set()
    pairs: Iterable[tuple[str, str, str]] = (pair.rpartition("=") for pair in settings.OIDC_ROLES)
    return sorted({role.strip() for claim, _sign, role in pairs if claim.strip() in values})


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _give_roles(person: User, claims: Mapping[str, Any]) -> None:
    now, wanted = desk_now(), mapped_roles(claims)
    log.record(EntryKind.PERSON_ADDED, now=now, actor_name="single sign-on", subject=person)
    found = list(Group.objects.filter(name__in=wanted))
    if missing := set(wanted) - {role.name for role in found}:
        logger.warning("DESK_OIDC_ROLES names roles that the desk does not have: %s", ", ".join(sorted(missing)))
    if not found:
        return
    person.groups.set(found)
    if roles.ADMIN in {role.name for role in found}:
        User.objects.filter(pk=person.pk).update(is_staff=True)
    details = {"before": [], "after": sorted(role.name for role in found)}
    log.record(EntryKind.ROLES_CHANGED, now=now, actor_name="single sign-on", subject=person, details=details)
