"""Requests to GitLab's REST API: the token, error mapping, paging and limits.

Tokens: https://docs.gitlab.com/api/rest/authentication/ · Pages: https://docs.gitlab.com/api/rest/#pagination ·
Limits: https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers
"""

from __future__ import annotations

from channels.adapters.gitlab.parsing import names
from channels.adapters.gitlab.places import Place
from channels.adapters.gitlab.wire import API
from channels.contract import Config, Json
from channels.errors import RETRIED, AuthFailed, ChannelError, NotFound, Rejected, Transient
from channels.http.api_client import ApiClient, Signature, bearer, required, segment
from channels.http.client import Answer
from channels.toolkit.partial_failures import NotForThis
from channels.toolkit.values import objects_in, one_line, value_at


class Tracker(ApiClient):
    label = "GitLab"
    default_address = API
    limit_headers = "RateLimit-"

    def sign(self, config: Config, speaker: str) -> Signature:
        """As a bearer token, which works for personal, project, group and OAuth tokens, and isn't leaked by
        redirects."""
        return bearer(required(config.secret("token"), "There is no access token. Enter one in this connection."))

    def error(self, status: int, body: Json, is_write: bool) -> ChannelError | None:
        return _of_write(status, body) if is_write else _of_read(status, body)


def _of_read(status: int, body: Json) -> ChannelError | None:
    if status == 404:
        return NotFound(
            f"GitLab cannot find it, or the token may not see it ({_said(body)}). Check this connection's projects "
            "and groups."
        )
    if status == 403 and not _no_scope(status, body):
        return NotForThis(f"GitLab does not let this token read it: {_said(body)}.")
    return _no_scope(status, body)


def _of_write(status: int, body: Json) -> ChannelError | None:
    if status == 404:
        return NotFound(f"GitLab cannot find the issue or note, or the token may not see it ({_said(body)}).")
    if status == 403 and (known := _no_scope(status, body)):
        return known
    if status == 403:
        return AuthFailed(f"GitLab does not let this token do that: {_said(body)}. It needs the scope “api”.")
    return None


def _no_scope(status: int, body: Json) -> ChannelError | None:
    if status == 403 and value_at(body, "error") == "insufficient_scope":
        return AuthFailed("The access token lacks a scope: read_api reads, api also answers. Create a new one.")
    return None


def _said(body: Json) -> str:
    return one_line(value_at(body, "message") or value_at(body, "error"), 150) or "no reason given"


def listed(answer: Answer, what: str) -> list[dict[str, Json]]:
    """The objects of a list. Raises Transient for anything else under a 200."""
    return objects_in(answer.body, Transient(f"GitLab did not return a list of {what}. {RETRIED}"))


def thing(answer: Answer, what: str) -> dict[str, Json]:
    if not isinstance(answer.body, dict) or "id" not in answer.body:
        raise Transient(f"GitLab did not return {what}. The desk retries automatically.")
    return answer.body


def encoded(path_or_number: str) -> str:
    """A project or group, URL-encoded: https://docs.gitlab.com/api/rest/#namespaced-paths"""
    return segment(path_or_number.strip().strip("/"))


def issue_path(config: Config, place: Place) -> str:
    """API path of an issue; if only its number is known, in the connection's first project. Raises Rejected."""
    project = place.project or next(iter(names(config, "projects")), "")
    if not project:
        raise Rejected(f"{place} does not say in which project the issue is.")
    return f"projects/{encoded(project)}/issues/{place.iid}"


api = Tracker()
get, post, put, remove = api.get, api.post, api.put, api.delete
