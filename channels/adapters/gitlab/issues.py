"""Opens, finds, reads and assigns GitLab issues.

https://docs.gitlab.com/api/issues/ · Quick actions: https://docs.gitlab.com/user/project/quick_actions/
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from channels.adapters.gitlab import client, parsing, wire
from channels.adapters.gitlab.places import place_from
from channels.contract import Config, IssueNow, NewIssue, Receipt
from channels.errors import NotFound, Rejected, Uncertain
from channels.http.next_page import linked
from channels.toolkit.sending import CLOCK_SLACK, confirmed
from channels.toolkit.values import number_of, object_of, objects_of, text_of

OVER = frozenset({"closed"})
PAGES = 20
MAX_TITLE = 255
"""https://docs.gitlab.com/api/issues/#new-issue"""
_QUICK_ACTION = re.compile(r"(?m)^(\s*)/(?=[A-Za-z])")
_PATH = re.compile(r"/(?P<project>[^#?]+?)/-/(?:issues|work_items)/(?P<iid>\d+)/?\Z")
_OLD_PATH = re.compile(r"/(?P<project>[^#?]+?)/issues/(?P<iid>\d+)/?\Z")


def issue_projects(config: Config, addresses: Sequence[str]) -> list[str]:
    """The connection's projects, then those that only a channel names."""
    plain = (address.strip().strip("/").lower() for address in addresses)
    addressed = [address for address in plain if "!" not in address and "/" in address]
    return list(dict.fromkeys([*parsing.names(config, "projects"), *addressed]))


def issue_reference(url: str, config: Config) -> str | None:
    """`group/project#12` for the address of an issue on this GitLab."""
    try:
        parts, base = urlsplit(url.strip()), urlsplit(parsing.web_base(config))
    except ValueError:
        return None
    root = base.path.rstrip("/")
    if parts.netloc.lower() != base.netloc.lower() or not parts.path.startswith(f"{root}/"):
        return None
    found = _PATH.fullmatch(parts.path[len(root) :]) or _OLD_PATH.fullmatch(parts.path[len(root) :])
    return f"{found['project'].lower()}#{found['iid']}" if found else None


def open_issue(config: Config, issue: NewIssue) -> Receipt:
    """The description ends with a hidden marker, by which `find_issue` proves that the issue exists."""
    payload: dict[str, Any] = {
        "title": issue.title[:MAX_TITLE],
        "description": f"{_without_commands(issue.text)}\n\n{_marker(issue.key)}",
        "confidential": issue.is_confidential,
    }
    if issue.assignees:
        payload["assignee_ids"] = _ids_of(config, issue.assignees)
    try:
        body = client.post(config, f"{_project(issue.project)}/issues", payload).body
    except NotFound as error:
        raise Rejected(
            f"GitLab has no project {issue.project}, or the token may not open issues there. Choose another project, "
            "or give the token's account the Reporter role in it."
        ) from error
    return confirmed(_receipt(object_of(body)), "GitLab", "issue")


def _without_commands(text: str) -> str:
    """Lines that begin with / would be carried out as commands (close, assign, label)."""
    return _QUICK_ACTION.sub(r"\1\\/", text)


def _marker(key: str) -> str:
    """An HTML comment: GitLab doesn't show it."""
    return f"<!-- desk:{key} -->"


def _project(project: str) -> str:
    return f"projects/{client.encoded(project)}"


def _receipt(issue: Mapping[str, Any]) -> Receipt | None:
    if number_of(issue.get("iid")) is None:
        return None
    url = text_of(issue.get("web_url")) or None
    return Receipt(wire.issue_item(issue).external_id, url, parsing.time_of(issue.get("created_at")))


def _ids_of(config: Config, names: Sequence[str]) -> list[int]:
    """Raises Rejected for a name that this GitLab doesn't know."""
    found = []
    for name in names:
        users = client.listed(client.get(config, "users", {"username": name}), "users")
        number = number_of(users[0].get("id")) if users else None
        if number is None:
            raise Rejected(f"GitLab knows no user {name}. Correct the name, or leave it out.")
        found.append(int(number))
    return found


def find_issue(config: Config, issue: NewIssue, since: datetime) -> Receipt | None:
    """The issue with the marker. Raises Uncertain if there are too many to read all."""
    params: dict[str, str | int] = {
        "scope": "created_by_me",
        "created_after": (since - CLOCK_SLACK).astimezone(UTC).isoformat(),
        "order_by": "created_at",
        "sort": "desc",
        "per_page": 100,
    }
    for _ in range(PAGES):
        answer = client.get(config, f"{_project(issue.project)}/issues", params)
        for entry in client.listed(answer, "issues"):
            if _marker(issue.key) in text_of(entry.get("description")):
                return _receipt(entry)
        following = linked(answer.headers)
        if following is None:
            return None
        params |= following
    raise Uncertain("The project has had too many issues since then to find this one.")


def read_issue(config: Config, reference: str) -> IssueNow:
    """Raises Rejected (`NotFound`) if it isn't there, or hidden."""
    return _now(client.thing(client.get(config, _path(reference)), "an issue"))


def _now(issue: Mapping[str, Any]) -> IssueNow:
    known = objects_of(issue.get("assignees"))
    state = text_of(issue.get("state"))
    return IssueNow(
        wire.issue_item(issue).external_id,
        text_of(issue.get("web_url")),
        text_of(issue.get("title")),
        state,
        state in OVER,
        issue.get("confidential") is True,
        tuple(name for each in known if (name := text_of(each.get("username")))),
    )


def _path(reference: str) -> str:
    """API path of `5#17`, `5#17!confidential` or `group/project#17`. Raises Rejected."""
    if place := place_from(reference):
        return f"projects/{place.project}/issues/{place.iid}"
    project, _hash, iid = reference.rpartition("#")
    if not project or not iid.isdecimal():
        raise Rejected(f"{reference!r} is not a GitLab issue.")
    return f"{_project(project)}/issues/{iid}"


def assign_issue(config: Config, reference: str, names: Sequence[str]) -> None:
    """Adds them to the assignees. (A free GitLab keeps only the first.)"""
    path = _path(reference)
    issue = client.thing(client.get(config, path), "an issue")
    ids = [int(number) for each in objects_of(issue.get("assignees")) if (number := number_of(each.get("id")))]
    wanted = list(dict.fromkeys([*_ids_of(config, names), *ids]))
    client.put(config, path, {"assignee_ids": wanted})
