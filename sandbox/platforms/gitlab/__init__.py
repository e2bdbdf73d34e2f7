"""GitLab: the REST API under /gitlab/api/v4, webhooks, public pages under /gitlab."""

from __future__ import annotations

import re
from typing import Any

from sandbox.base.acts import Access, Act, Impossible, Made
from sandbox.base.universe import Universe
from sandbox.pages.elements import el, link, missing, page, reply_form, when
from sandbox.platforms.gitlab.api import Api
from sandbox.platforms.gitlab.wire import DESK, PROJECTS, TOKEN, Wire
from sandbox.store import Doc
from sandbox.talk import Talk
from sandbox.wire.http import Request, Response, Router, json_response

SECTION = "GitLab"
_REF = re.compile(r"(\d+)#(\d+)(?:!(\w+))?(?:#note_(\d+))?")


class GitLab(Talk):
    name = "gitlab"
    title = SECTION
    home = "/gitlab/"
    refusals = {
        "400": json_response({"message": "400 Bad request"}, 400),
        "404": json_response({"error": "404 Not Found"}, 404),
        "429": Response(b"Retry later\n", 429, "text/plain", {"Retry-After": "5", "RateLimit-Remaining": "0"}),
        "500": json_response({"message": "500 Internal Server Error"}, 500),
        "expired": json_response(
            {
                "error": "invalid_token",
                "error_description": "Token is expired. You can either do re-authorization or token refresh.",
            },
            401,
        ),
    }
    own = (DESK["username"],)

    def __init__(self, universe: Universe) -> None:
        super().__init__(universe)
        self.wire = Wire(self)

    def register(self, router: Router) -> None:
        Api(self).register(router)
        router.add("GET", "/gitlab/", self.front)
        router.add("GET", "/gitlab/{space}/{name}/-/issues/{iid}", self.page_of_issue)

    # --- acts -------------------------------------------------------------------------------------------------

    def find(self, ref: str) -> Doc | None:
        """An issue, or a note with its `issue`."""
        found = _REF.fullmatch(ref)
        issue = self.store.get("gl_issue", f"{found[1]}#{found[2]}") if found else None
        if found is None or issue is None or issue["deleted"]:
            return None
        return self.store.get("gl_note", found[4]) if found[4] else issue

    def _issue_of(self, doc: Doc) -> Doc:
        return self.store.all("gl_issue")[doc["issue"]] if "issue" in doc else doc

    def posted(self, act: Act, at: float) -> Doc:
        """`more`: title, to (project), labels, confidential; for a note also internal, system, and state (close,
        reopen) which the note explains."""
        if not act.parent:
            return self._opened(act, at)
        issue = self._issue_of(self.existing(act.parent))
        if state := str(act.more.get("state") or ""):
            issue = self.set_state(issue, state, at)
        internal = bool(act.more.get("internal")) or "!internal" in act.parent
        return self.add(issue, act.author, act.text, at, internal=internal, system=bool(act.more.get("system")))

    def edited(self, doc: Doc, text: str, at: float) -> Doc:
        doc = self._changed(doc, at, text=text)
        self.wire.call(self._issue_of(doc), doc if "issue" in doc else None, "update")
        return doc

    def removed(self, doc: Doc, at: float) -> Doc:
        return self._changed(doc, at, deleted=True)

    def _changed(self, doc: Doc, at: float, **changes: Any) -> Doc:
        doc = {**doc, **changes, "updated": at}
        if "issue" in doc:
            self.store.put("gl_note", str(doc["id"]), doc)
            self.store.put("gl_issue", doc["issue"], {**self._issue_of(doc), "updated": at})
        else:
            self.store.put("gl_issue", doc["key"], doc)
        return doc

    def add(
        self, issue: Doc, author: str, text: str, at: float, *, internal: bool = False, system: bool = False
    ) -> Doc:
        number = self.store.next_number("gl_note_id", 500)
        note = {"id": number, "issue": issue["key"], "author": author, "text": text, "at": at, "updated": at,
                "internal": internal, "system": system, "deleted": False}  # fmt: skip
        self.store.put("gl_note", str(number), note)
        issue = {**issue, "updated": max(at, issue["updated"])}
        self.store.put("gl_issue", issue["key"], issue)
        self.wire.call(issue, note, "create")
        return note

    def set_state(self, issue: Doc, event: str, at: float) -> Doc:
        """`event`: close or reopen."""
        if event not in ("close", "reopen"):
            raise Impossible(f"no state event {event}; there are close and reopen")
        is_closed = event == "close"
        state = {"state": "closed" if is_closed else "opened", "closed": at if is_closed else None}
        issue = self._changed(issue, at, **state)
        self.wire.call(issue, None, event)
        return issue

    def opened(self, project: int, form: Doc, at: float) -> Doc:
        """By the desk, through the API."""
        more = {"to": str(project), "title": form["title"], "confidential": form.get("confidential") is True}
        act = Act(self.name, "post", DESK["username"], str(form.get("description") or ""), more=more)
        return self._opened(act, at)

    def assigned(self, issue: Doc, names: list[str], at: float) -> Doc:
        return self._changed(issue, at, assignees=names)

    def _opened(self, act: Act, at: float) -> Doc:
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
        self.wire.call(issue, None, "open")
        return issue

    def made(self, doc: Doc) -> Made:
        return Made(self._ref(doc), self.url(doc))

    def _ref(self, doc: Doc) -> str:
        return self.wire.ref(self._issue_of(doc), doc if "issue" in doc else None)

    def url(self, doc: Doc) -> str:
        return self.wire.url(doc["issue"], str(doc["id"])) if "issue" in doc else self.wire.url(doc["key"])

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

    def documents(self) -> list[Doc]:
        notes = [note for note in self.store.all("gl_note").values() if not note["system"]]
        return [*self.store.all("gl_issue").values(), *notes]

    def place(self, doc: Doc) -> tuple[str, str]:
        if doc["author"] == DESK["username"]:
            return "desk", ""
        if doc["author"].lower() not in self.team() and self._issue_of(doc)["deleted"]:
            return "optional", "deleted"
        place, reason = super().place(doc)
        return ("optional", "confidential") if place == "mentions" and "!" in self._ref(doc) else (place, reason)

    def entry(self, doc: Doc) -> dict[str, Any]:
        issue = self._issue_of(doc)
        return {
            "id": self._ref(doc), "author": doc["author"], "text": doc["text"], "at": doc["at"],
            "title": doc.get("title"), "in_reply_to": doc.get("issue"),
            "deleted": doc["deleted"], "liked": doc.get("liked", False), "to": PROJECTS[issue["project"]],
        }  # fmt: skip

    # --- pages ------------------------------------------------------------------------------------------------

    def front(self, request: Request) -> Response:
        issues = [issue for issue in self.store.all("gl_issue").values() if not issue["deleted"]]
        newest = sorted(issues, key=lambda issue: -issue["updated"])[:60]
        lines = [
            el("li", link(self.url(i), i["title"]),
               el("p", f"{PROJECTS[i['project']]}#{i['iid']} by {i['author']} · ", when(i["at"]),
                  " · confidential" if i["confidential"] else "", class_="by"))
            for i in newest
        ]  # fmt: skip
        return page("Issues", el("ul", lines), section=SECTION)

    def page_of_issue(self, request: Request) -> Response:
        path = f"{request.params['space']}/{request.params['name']}"
        project = next((number for number, known in PROJECTS.items() if known == path), 0)
        issue = self.store.get("gl_issue", f"{project}#{request.params['iid']}")
        if issue is None or issue["deleted"]:
            return missing("such issue", SECTION)
        posts = [self._shown(issue, ""), *[self._shown(n, f"note_{n['id']}") for n in self.wire.notes_of(issue)]]
        form = reply_form("/control/answer", self.people(), platform=self.name, id=self._ref(issue))
        return page(issue["title"], posts, form, section=SECTION)

    def _shown(self, doc: Doc, anchor: str) -> Any:
        note = " · internal" if doc.get("internal") else ""
        by = el("p", f"{doc['author']} · ", when(doc["at"]), note, class_="by")
        return el("article", by, el("p", doc["text"], class_="text"), id=anchor or None)


PLATFORM = GitLab
