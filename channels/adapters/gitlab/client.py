"""Requests to GitLab's REST API: the token, error mapping, paging and limits.

Tokens: https://docs.gitlab.com/api/rest/authentication/ · Pages: https://docs.gitlab.com/api/rest/#pagination ·
Limits: https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlsplit

from channels.adapters.gitlab.parsing import base, names
from channels.adapters.gitlab.places import Place
from channels.contract import Config, Json
from channels.errors import AuthFailed, ChannelError, Rejected, Transient
from channels.http.client import Answer, delete, get_json, post_json
from channels.toolkit.partial_failures import NotForThis

_NEXT = re.compile(r'<([^<>]+)>\s*;\s*rel="?next"?', re.IGNORECASE)


class Missing(Rejected):
    """404: it doesn't exist, or this token may not see it."""


def get(config: Config, path: str, params: Mapping[str, str | int] | None = None) -> Answer:
    headers, secrets = _access(config)
    url = _url(config, path)
    return get_json(config.network, url, params=params, headers=headers, secrets=secrets, classify=_classify_read)


def post(config: Config, path: str, payload: Json) -> Answer:
    headers, secrets = _access(config)
    url = _url(config, path)
    return post_json(config.network, url, payload, headers=headers, secrets=secrets, classify=_classify_write)


def remove(config: Config, path: str) -> Answer:
    headers, secrets = _access(config)
    return delete(config.network, _url(config, path), headers=headers, secrets=secrets, classify=_classify_write)


def _url(config: Config, path: str) -> str:
    return f"{base(config)}/{path}"


def _access(config: Config) -> tuple[dict[str, str], tuple[str, ...]]:
    """As a bearer token, which works for personal, project, group and OAuth tokens, and isn't leaked by redirects."""
    token = config.secret("token")
    if not token:
        raise AuthFailed("There is no access token. Enter one in this connection.")
    return {"Authorization": f"Bearer {token}"}, (token,)


def _classify_read(status: int, body: Json) -> ChannelError | None:
    if status == 404:
        return Missing(
            f"GitLab cannot find it, or the token may not see it ({_said(body)}). Check this connection's projects "
            "and groups."
        )
    if status == 403 and not _no_scope(status, body):
        return NotForThis(f"GitLab does not let this token read it: {_said(body)}.")
    return _no_scope(status, body)


def _classify_write(status: int, body: Json) -> ChannelError | None:
    if status == 404:
        return Missing(f"GitLab cannot find the issue or note, or the token may not see it ({_said(body)}).")
    if status == 403 and (known := _no_scope(status, body)):
        return known
    if status == 403:
        return AuthFailed(f"GitLab does not let this token do that: {_said(body)}. It needs the scope “api”.")
    return None


def _no_scope(status: int, body: Json) -> ChannelError | None:
    if status == 403 and isinstance(body, dict) and body.get("error") == "insufficient_scope":
        return AuthFailed("The access token lacks a scope: read_api reads, api also answers. Make a new one.")
    return None


def _said(body: Json) -> str:
    said = body.get("message") or body.get("error") if isinstance(body, dict) else None
    return " ".join(str(said or "no reason given").split())[:150]


def next_page(answer: Answer) -> dict[str, str | int] | None:
    """The parameters of the `next` link. We take nothing else, so the token never goes to another host."""
    found = _NEXT.search(answer.headers.get("Link") or "")
    return dict(parse_qsl(urlsplit(found[1]).query, keep_blank_values=True)) if found else None


def quota(answer: Answer) -> tuple[int | None, datetime | None]:
    """Requests left and when the window resets, if the instance reports it."""
    left, reset = (_int(answer.headers.get(f"RateLimit-{name}")) for name in ("Remaining", "Reset"))
    resets_at = datetime.fromtimestamp(reset, UTC) if reset and reset < 1e11 else None
    return left, resets_at


def _int(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdigit() else None


def listed(answer: Answer, what: str) -> list[dict[str, Json]]:
    """The objects of a list. Raises Transient for anything else under a 200."""
    if not isinstance(answer.body, list):
        raise Transient(f"GitLab did not return a list of {what}. The desk retries automatically.")
    return [entry for entry in answer.body if isinstance(entry, dict)]


def thing(answer: Answer, what: str) -> dict[str, Json]:
    if not isinstance(answer.body, dict) or "id" not in answer.body:
        raise Transient(f"GitLab did not return {what}. The desk retries automatically.")
    return answer.body


def encoded(path_or_number: str) -> str:
    """A project or group, URL-encoded: https://docs.gitlab.com/api/rest/#namespaced-paths"""
    return quote(path_or_number.strip().strip("/"), safe="")


def issue_path(config: Config, place: Place) -> str:
    """API path of an issue; if only its number is known, in the connection's first project. Raises Rejected."""
    project = place.project or next(iter(names(config, "projects")), "")
    if not project:
        raise Rejected(f"{place} does not say in which project the issue is.")
    return f"projects/{encoded(project)}/issues/{place.iid}"
