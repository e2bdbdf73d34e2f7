"""GitLab wire format: REST issues and notes, and webhook bodies. Pure.

Issues: https://docs.gitlab.com/api/issues/ · Notes: https://docs.gitlab.com/api/notes/ · Webhooks:
https://docs.gitlab.com/user/project/integrations/webhook_events/

An item's payload is `{"kind": "issue" | "note" | "gone", …}`, the same for both sources, so a post has the same
fingerprint either way. Times are ISO; older webhooks use `2015-05-17 17:06:40 UTC`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from channels.adapters.gitlab.places import CONFIDENTIAL, INTERNAL, Place
from channels.contract import Config, Document, Item, Json
from channels.errors import Malformed
from channels.toolkit.values import number_of, object_of, unique, value_at

API = "https://gitlab.com/api/v4"
_OTHER = frozenset(
    (
        "awardable_id", "action_name", "default_branch", "path_with_namespace", "source_branch", "merge_status",
        "commit_id", "username", "sha", "access_level",
    )
)  # fmt: skip
"""Keys of GitLab objects that hold no mention: emoji, events, to-dos, projects, users, merge requests."""


def split(document: Document, config: Config) -> list[Item]:
    """The issues and notes of a response or a webhook; other GitLab objects hold none."""
    entries = document if isinstance(document, list) else [document]
    return unique(item for entry in entries for item in _items_of(entry))


def _items_of(document: Document) -> list[Item]:
    body = _object(document)
    if "object_kind" in body or "event_name" in body:
        return _hook_items(body)
    if body.keys() & {"message", "error"} and not body.keys() & {"id", "iid"}:
        raise Malformed(f"GitLab returned an error: {_error_line(body)}")
    if "body" in body and number_of(body.get("id")) and "target" not in body:
        return [item] if (item := note_item(body)) else []
    if body.keys() & _OTHER or "/merge_requests/" in str(body.get("web_url")):
        return []
    if "title" in body and "project_id" in body and number_of(body.get("id")):
        return [issue_item(body)]
    raise Malformed("Not a GitLab document: neither issue nor note.")


def _object(document: Document) -> Mapping[str, Any]:
    if not isinstance(document, dict):
        raise Malformed("Not a GitLab document.")
    return document


def _error_line(body: Mapping[str, Any]) -> str:
    said = body.get("error_description") or body.get("message") or body.get("error")
    return " ".join(str(said).split())[:200]


# --- API responses ---------------------------------------------------------------------------------------------------


def issue_item(issue: Mapping[str, Any], path: str = "") -> Item:
    """`path`: the project's, if the caller knows it."""
    place = _place(issue)
    return Item(str(place), {"kind": "issue", "issue": of_issue(issue, path), "place": str(place)})


def of_issue(issue: Mapping[str, Any], path: str = "") -> dict[str, Json]:
    """The issue fields we keep, also with each of its notes."""
    labels = issue.get("labels")
    return {
        "title": issue.get("title"),
        "text": issue.get("description"),
        "author": _author(issue.get("author"), issue.get("author_id")),
        "created_at": issue.get("created_at"),
        "state": issue.get("state"),
        "closed_at": issue.get("closed_at"),
        "confidential": issue.get("confidential") is True,
        "labels": [_label(label) for label in labels] if isinstance(labels, list) else None,
        "votes": [issue.get("upvotes"), issue.get("downvotes")],
        "notes": issue.get("user_notes_count"),
        "url": issue.get("web_url") or issue.get("url"),
        "path": path or path_of(issue),
        "type": issue.get("issue_type") or issue.get("type"),
    }


def path_of(issue: Mapping[str, Any]) -> str:
    """The full path of the issue's project: from `references.full`, else from its URL."""
    full = value_at(issue, "references", "full")
    if isinstance(full, str) and "#" in full:
        return full.rpartition("#")[0]
    try:
        path = urlsplit(str(issue.get("web_url") or "")).path.strip("/")
    except ValueError:
        return ""
    for middle in ("/-/issues/", "/-/work_items/", "/issues/"):
        if middle in f"/{path}":
            return path.partition(middle.lstrip("/"))[0].strip("/")
    return ""


def note_item(note: Mapping[str, Any], issue: Mapping[str, Any] | None = None, path: str = "") -> Item | None:
    """A note with the issue data it needs; None for system notes, and for notes on anything but issues."""
    if note.get("system") is True or note.get("noteable_type") not in (None, "Issue", "WorkItem"):
        return None
    about = issue or {}
    number_ = number_of(note.get("id"))
    if number_ is None:
        raise Malformed("A note has no id.")
    is_internal = note.get("internal") is True or note.get("confidential") is True
    closed = INTERNAL if is_internal else CONFIDENTIAL if about.get("confidential") is True else ""
    project = number_of(about.get("project_id")) or number_of(note.get("project_id")) or ""
    iid = number_of(about.get("iid")) or number_of(note.get("noteable_iid"))
    place = str(Place(project, iid, closed, number_)) if project and iid else f"note_{number_}"
    above = {key: value for key, value in of_issue(about, path).items() if key != "text"}
    return Item(place, {"kind": "note", "note": _of_note(note), "issue": above, "place": place})


def _of_note(note: Mapping[str, Any]) -> dict[str, Json]:
    return {
        "text": note.get("body") if "body" in note else note.get("note"),
        "author": _author(note.get("author"), note.get("author_id")),
        "created_at": note.get("created_at"),
        "updated_at": note.get("updated_at"),
        "url": note.get("url"),
        "noteable": note.get("noteable_id"),
    }


def gone_item(place: Place) -> Item:
    """A deleted issue or note."""
    return Item(str(place), {"kind": "gone", "place": str(place)})


def _place(issue: Mapping[str, Any]) -> Place:
    project, iid = number_of(issue.get("project_id")) or "", number_of(issue.get("iid"))
    closed = CONFIDENTIAL if issue.get("confidential") is True else ""
    # Before 2013 the API gave no per-project number.
    return Place(project, iid or f"id{number_of(issue.get('id')) or ''}", closed)


def _author(author: Json, author_id: Json = None) -> dict[str, Json]:
    known = object_of(author)
    return {
        "id": known.get("id") or author_id,
        "username": known.get("username"),
        "name": known.get("name"),
        "url": known.get("web_url"),
        "bot": known.get("bot"),
    }


def _label(label: Json) -> str:
    return str(label.get("title") or label.get("name") or "") if isinstance(label, dict) else str(label)


# --- webhooks --------------------------------------------------------------------------------------------------------


def _hook_items(body: Mapping[str, Any]) -> list[Item]:
    kind = body.get("object_kind")
    if kind not in ("issue", "work_item", "note"):
        return []
    changed, project = body.get("object_attributes"), body.get("project")
    if not isinstance(changed, dict) or not isinstance(project, dict):
        raise Malformed("A GitLab webhook names neither the event nor the project.")
    path = str(project.get("path_with_namespace") or "")
    item = _hook_note(body, changed, path) if kind == "note" else _hook_issue(body, changed, path)
    return [item] if item else []


def _hook_issue(body: Mapping[str, Any], changed: Mapping[str, Any], path: str) -> Item:
    is_confidential = changed.get("confidential") is True or body.get("event_type") == "confidential_issue"
    issue = {
        **changed,
        "author": _who(body, changed),
        "confidential": is_confidential,
        "labels": changed.get("labels") or body.get("labels") or [],
        "project_id": changed.get("project_id") or _project_id(body),
    }
    issue.pop("assignee", None)
    return issue_item(issue, path)


def _hook_note(body: Mapping[str, Any], changed: Mapping[str, Any], path: str) -> Item | None:
    issue = body.get("issue") or body.get("work_item")
    if not isinstance(issue, dict):
        return None
    is_closed = body.get("event_type") == "confidential_note"
    is_issue_closed = issue.get("confidential") is True
    note = {**changed, "author": _who(body, changed), "body": changed.get("note")}
    if is_closed and not is_issue_closed:
        note["internal"] = True
    about = {"project_id": changed.get("project_id") or _project_id(body), **issue}
    about.setdefault("url", str(changed.get("url") or "").partition("#")[0] or None)
    return note_item(note, about, path)


def _who(body: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Json] | None:
    """Authors are given by number only; but the acting user has a name, and whoever creates something is its author."""
    user, author_id = body.get("user"), changed.get("author_id")
    if not isinstance(user, dict) or not (changed.get("action") in ("open", "create") or user.get("id") == author_id):
        return None
    return {"id": author_id, "username": user.get("username"), "name": user.get("name")}


def _project_id(body: Mapping[str, Any]) -> Json:
    return body.get("project_id") or value_at(body, "project", "id")


def project_of(body: Mapping[str, Any]) -> tuple[str, str]:
    """(number_of, full path in lower case) of a webhook's project."""
    path = value_at(body, "project", "path_with_namespace")
    return number_of(_project_id(body)) or "", str(path or "").lower()
