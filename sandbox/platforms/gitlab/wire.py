"""GitLab's wire format: issues, notes, users and webhook calls.

https://docs.gitlab.com/api/issues/ · https://docs.gitlab.com/api/notes/ ·
https://docs.gitlab.com/user/project/integrations/webhook_events/
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sandbox.store import Doc
from sandbox.talk import Talk
from sandbox.wire.http import json_response
from sandbox.wire.texts import iso

TOKEN = "glpat-sandboxOfAcmeThatOpensNothing"  # noqa: S105
DESK: dict[str, Any] = {"id": 77, "username": "acme-desk", "name": "Acme Desk"}
PROJECTS = {5: "acme/enterprise", 6: "acme/community", 7: "acme/packaging", 8: "acme/support", 9: "acme/general"}


class Wire:
    def __init__(self, site: Talk) -> None:
        self.site, self.store = site, site.store

    def user(self, username: Any) -> Doc:
        known = self.store.get("gl_user", username)
        if known is None:
            number = DESK["id"] if username == DESK["username"] else self.store.next_number("gl_user", 100)
            member = self.site.team().get(username.lower())
            known = {"id": number, "username": username, "name": member.name if member else username, "state": "active"}
            self.store.put("gl_user", username, known)
        return {**known, "avatar_url": None, "web_url": f"{self.site.universe.public_url}/gitlab/user?name={username}"}

    def issue(self, issue: Doc) -> Doc:
        path = PROJECTS[issue["project"]]
        return {
            "id": issue["id"], "iid": issue["iid"], "project_id": issue["project"], "title": issue["title"],
            "description": issue["text"], "state": issue["state"], "created_at": iso(issue["at"]),
            "updated_at": iso(issue["updated"]), "labels": issue["labels"], "milestone": None,
            "closed_at": iso(issue["closed"]) if issue.get("closed") else None,
            "author": self.user(issue["author"]), "type": "ISSUE", "assignee": None,
            "assignees": [self.user(name) for name in issue.get("assignees", [])],
            "user_notes_count": len(self.notes_of(issue)), "upvotes": int(bool(issue.get("liked"))), "downvotes": 0,
            "due_date": None, "confidential": issue["confidential"], "discussion_locked": None, "issue_type": "issue",
            "web_url": self.url(issue["key"]),
            "references": {"short": (short := f"#{issue['iid']}"), "relative": short, "full": f"{path}{short}"},
        }  # fmt: skip

    def note(self, note: Doc, issue: Doc) -> Doc:
        return {
            "id": note["id"], "type": None, "body": note["text"], "author": self.user(note["author"]),
            "created_at": iso(note["at"]), "updated_at": iso(note["updated"]), "system": note["system"],
            "noteable_id": issue["id"], "noteable_type": "Issue", "project_id": issue["project"], "resolvable": False,
            "confidential": note["internal"], "internal": note["internal"], "imported": False,
            "noteable_iid": issue["iid"], "commands_changes": {},
        }  # fmt: skip

    def url(self, key: str, note: str = "") -> str:
        project, _, iid = key.partition("#")
        anchor = f"#note_{note}" if note else ""
        return f"{self.site.universe.public_url}/gitlab/{PROJECTS[int(project)]}/-/issues/{iid}{anchor}"

    def notes_of(self, issue: Doc) -> list[Doc]:
        return [n for n in self.store.all("gl_note").values() if n["issue"] == issue["key"] and not n["deleted"]]

    def ref(self, issue: Doc, note: Doc | None) -> str:
        closed = "!internal" if note and note["internal"] else "!confidential" if issue["confidential"] else ""
        return f"{issue['key']}{closed}" + (f"#note_{note['id']}" if note else "")

    # --- webhooks ---------------------------------------------------------------------------------------------

    def call(self, issue: Doc, note: Doc | None, action: str) -> None:
        known = self.issue(issue)
        is_closed = issue["confidential"] or bool(note and note["internal"])
        kind = "note" if note else "issue"
        changed = self._hook_note(note, issue, action) if note else {
            **{k: v for k, v in known.items() if k not in ("author", "web_url", "references")},
            "author_id": known["author"]["id"], "url": known["web_url"], "action": action,
            "labels": [{"id": 1, "title": label} for label in issue["labels"]],
        }  # fmt: skip
        path = PROJECTS[issue["project"]]
        body: Doc = {
            "object_kind": kind,
            "event_type": f"confidential_{kind}" if is_closed else kind,
            "user": self.user(note["author"] if note else issue["author"]),
            "project": {
                "id": issue["project"],
                "name": path,
                "path_with_namespace": path,
                "web_url": f"{self.site.universe.public_url}/gitlab/",
            },
            "object_attributes": changed,
        }
        if note:
            body |= {"project_id": issue["project"], "issue": {k: v for k, v in known.items() if k != "author"}}
        header = f"{'Confidential ' if is_closed else ''}{kind.capitalize()} Hook"
        payload = json_response(body).body
        self.site.tell(lambda secret: (payload, {"X-Gitlab-Token": secret, "X-Gitlab-Event": header,
                                         "Content-Type": "application/json"}))  # fmt: skip

    def _hook_note(self, note: Doc, issue: Doc, action: str) -> Doc:
        stamp = "%Y-%m-%d %H:%M:%S UTC"
        return {
            "id": note["id"], "note": note["text"], "description": note["text"], "noteable_type": "Issue",
            "author_id": self.user(note["author"])["id"], "noteable_id": issue["id"], "project_id": issue["project"],
            "created_at": datetime.fromtimestamp(note["at"], UTC).strftime(stamp),
            "updated_at": datetime.fromtimestamp(note["updated"], UTC).strftime(stamp),
            "system": note["system"], "internal": note["internal"], "action": action,
            "url": self.url(issue["key"], str(note["id"])),
        }  # fmt: skip
