"""GitLab: the REST API under /gitlab/api/v4, webhooks, public pages under /gitlab."""

from __future__ import annotations

import re
from typing import Any

from sandbox.base.acts import Access, Act, Impossible, Made
from sandbox.pages.elements import el, link, missing, page, reply_form, when
from sandbox.platforms.gitlab.api import Api
from sandbox.platforms.gitlab.wire import DESK, PROJECTS, TOKEN
from sandbox.store import Doc
from sandbox.wire.http import Request, Response, Router, json_response

SECTION = "GitLab"
_REF = re.compile(r"(\d+)#(\d+)(?:!(\w+))?(?:#note_(\d+))?")


class GitLab(Api):
    title = SECTION
    home = "/gitlab/"

    def register(self, router: Router) -> None:
        super().register(router)
        router.add("GET", "/gitlab/", self.front)
        router.add("GET", "/gitlab/issue", self.page_of_issue)

    # --- what happens -----------------------------------------------------------------------------------------

    def perform(self, act: Act) -> Made:
        """`more`: title, to (project), labels, confidential; for a note also internal and system."""
        at = act.at or self.universe.now()
        if act.verb == "post" and not act.parent:
            return self._open(act, at)
        issue, note = self._of(act.parent)
        if act.verb == "post":
            internal = bool(act.more.get("internal")) or "!internal" in act.parent
            made = self._add(issue, act.author, act.text, at, internal=internal, system=bool(act.more.get("system")))
            return self._made(issue, made)
        target, kind = (note, "gl_note") if note else (issue, "gl_issue")
        changed = {**target, "updated": at}
        changed |= {"deleted": True} if act.verb == "delete" else {"text": act.text}
        self.store.put(kind, str(note["id"]) if note else issue["key"], changed)
        if note:
            self.store.put("gl_issue", issue["key"], issue := {**issue, "updated": at})
        if act.verb != "delete":
            self._call(issue if note else changed, changed if note else None, "update")
        return self._made(issue, note)

    def _of(self, ref: str) -> tuple[Doc, Doc | None]:
        found = _REF.fullmatch(ref)
        issue = self.store.get("gl_issue", f"{found[1]}#{found[2]}") if found else None
        note = self.store.get("gl_note", found[4]) if found and found[4] else None
        if issue is None or issue["deleted"] or (found and found[4] and (note is None or note["deleted"])):
            raise Impossible(f"there is no {ref}")
        return issue, note

    def _open(self, act: Act, at: float) -> Made:
        wanted = str(act.more.get("to") or "acme/enterprise")
        project = next((n for n, path in PROJECTS.items() if wanted in (str(n), path)), None)
        if project is None:
            raise Impossible(f"there is no project {wanted}")
        iid = self.store.next_number(f"gl_iid {project}")
        key = f"{project}#{iid}"
        labels = [label for label in str(act.more.get("labels") or "").split(",") if label]
        issue = {
            "key": key, "id": self.store.next_number("gl_id", 9000), "project": project, "iid": iid, "at": at,
            "title": str(act.more.get("title") or act.text.split("\n")[0][:80]), "text": act.text, "updated": at,
            "author": act.author, "state": "opened", "labels": labels, "deleted": False, "kind": act.kind,
            "confidential": bool(act.more.get("confidential")),
        }  # fmt: skip
        self.store.put("gl_issue", key, issue)
        self._call(issue, None, "open")
        return self._made(issue, None)

    def _made(self, issue: Doc, note: Doc | None) -> Made:
        return Made(self._ref(issue, note), self.url(issue["key"], str(note["id"]) if note else ""))

    def access(self) -> Access:
        settings = {
            "api_base": f"{self.universe.public_url}/gitlab/api/v4",
            "projects": [*PROJECTS.values()],
            "own_accounts": ["acme-desk"],
        }
        secrets = {"token": TOKEN, "webhook_secret": "sandbox-gitlab-hook"}
        channels: dict[str, tuple[dict[str, str], dict[str, str]]] = {
            path: ({"account_id": str(DESK["id"])}, {}) for path in PROJECTS.values()
        }
        return Access(settings, secrets, channels)

    def truth(self, *, search: bool = False) -> dict[str, list[dict[str, Any]]]:
        told: dict[str, list[dict[str, Any]]] = {"mentions": [], "optional": [], "ours": [], "desk": []}
        issues = self.store.all("gl_issue")
        entries: list[tuple[Any, Any]] = [(issue, None) for issue in issues.values()]
        entries += [(issues[note["issue"]], note) for note in self.store.all("gl_note").values() if not note["system"]]
        team = self.team()
        for issue, note in entries:
            doc = note or issue
            entry = {
                "id": self._ref(issue, note), "author": doc["author"], "text": doc["text"], "at": doc["at"],
                "title": None if note else issue["title"], "in_reply_to": issue["key"] if note else None,
                "deleted": doc["deleted"], "to": PROJECTS[issue["project"]],
            }  # fmt: skip
            if doc["author"] == DESK["username"]:
                told["desk"].append(entry)
            elif doc["author"].lower() in team:
                told["ours"].append(entry)
            elif doc["deleted"] or issue["deleted"]:
                told["optional"].append({**entry, "reason": "deleted"})
            elif "!" in entry["id"]:
                told["optional"].append({**entry, "reason": "confidential"})
            else:
                told["mentions"].append(entry)
        return told

    def counts(self) -> dict[str, int]:
        return {name: len(entries) for name, entries in self.truth().items()}

    def refusal(self, kind: str) -> Response:
        if kind == "429":
            return Response(b"Retry later\n", 429, "text/plain", {"Retry-After": "5", "RateLimit-Remaining": "0"})
        if kind == "expired":
            return json_response({"error": "invalid_token", "error_description": "Token is expired. You can either do "
                                  "re-authorization or token refresh."}, 401)  # fmt: skip
        return json_response({"message": "500 Internal Server Error"}, 500)

    # --- pages ------------------------------------------------------------------------------------------------

    def front(self, request: Request) -> Response:
        issues = [issue for issue in self.store.all("gl_issue").values() if not issue["deleted"]]
        newest = sorted(issues, key=lambda issue: -issue["updated"])[:60]
        lines = [
            el("li", link(self.url(i["key"]), i["title"]),
               el("p", f"{PROJECTS[i['project']]}#{i['iid']} by {i['author']} · ", when(i["at"]),
                  " · confidential" if i["confidential"] else "", class_="by"))
            for i in newest
        ]  # fmt: skip
        return page("Issues", el("ul", lines), section=SECTION)

    def page_of_issue(self, request: Request) -> Response:
        issue = self.store.get("gl_issue", f"{request.query.get('project')}#{request.query.get('iid')}")
        if issue is None or issue["deleted"]:
            return missing("such issue", SECTION)
        posts = [self._shown(issue, ""), *[self._shown(n, f"note_{n['id']}") for n in self._notes_of(issue)]]
        options = [(account, f"{m.name}, {m.role}") for account, m in self.team().items()]
        form = reply_form("/control/answer", options, platform=self.name, id=self._ref(issue, None))
        return page(issue["title"], posts, form, section=SECTION)

    def _shown(self, doc: Doc, anchor: str) -> Any:
        note = " · internal" if doc.get("internal") else ""
        by = el("p", f"{doc['author']} · ", when(doc["at"]), note, class_="by")
        return el("article", by, el("p", doc["text"], class_="text"), id=anchor or None)


PLATFORM = GitLab
