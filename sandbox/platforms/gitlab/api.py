"""GitLab's REST API: the token, `Link` paging, limits, issues and notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sandbox.base.api import ResourceServer, Routes
from sandbox.platforms.gitlab.wire import DESK, PROJECTS, TOKEN
from sandbox.store import Doc
from sandbox.wire.http import Refused, Request, Response, json_response
from sandbox.wire.lists import page_of
from sandbox.wire.quotas import Spent

if TYPE_CHECKING:
    from sandbox.platforms.gitlab import GitLab


def refused(status: int, message: str) -> Refused:
    return Refused(json_response({"message": f"{status} {message}"}, status))


class Api(ResourceServer):
    site: GitLab
    base = "/gitlab/api/v4"
    limit = 2000
    window_s = 60

    def routes(self) -> Routes:
        two, three = "/projects/{space}/{name}", "/projects/{space}/{sub}/{name}"
        issue = "/projects/{project}/issues/{iid}"
        return [
            ("GET", "/user", self.me),
            ("GET", "/personal_access_tokens/self", self.token),
            ("GET", "/projects/{project}/issues", self.issues),
            ("GET", issue, self.one_issue),
            ("GET", f"{issue}/notes", self.notes),
            ("POST", f"{issue}/notes", self.add_note),
            ("GET", f"{issue}/notes/{{note}}", self.one_note),
            ("DELETE", f"{issue}/notes/{{note}}", self.remove_note),
            ("POST", f"{issue}/award_emoji", self.award),
            ("POST", f"{issue}/notes/{{note}}/award_emoji", self.award),
            ("PUT", issue, self.change_issue),
            ("GET", "/users", self.users),
            ("POST", "/projects/{project}/issues", self.open_issue),
            ("POST", f"{two}/issues", self.open_issue),
            ("GET", f"{two}/issues/{{iid}}", self.one_issue),
            ("PUT", f"{two}/issues/{{iid}}", self.change_issue),
            ("GET", "/groups/{group}/issues", self.issues),
            ("GET", "/groups/{group}", self.group),
            ("GET", "/projects/{project}", self.one_project),
            ("GET", f"{two}/issues", self.issues),
            ("GET", f"{three}/issues", self.issues),
            ("GET", two, self.one_project),
            ("GET", three, self.one_project),
        ]

    def caller(self, request: Request) -> str:
        if (request.bearer or request.headers.get("PRIVATE-TOKEN")) != TOKEN:
            raise refused(401, "Unauthorized")
        return str(DESK["username"])

    def limit_headers(self, spent: Spent) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(spent.limit),
            "RateLimit-Remaining": str(spent.left),
            "RateLimit-Reset": str(int(spent.ends) + 1),
        }

    def bad_value(self, name: str, value: str) -> Response:
        return json_response({"error": f"{name} is invalid"}, 400)

    # --- API: reading -----------------------------------------------------------------------------------------

    def me(self, request: Request) -> Doc:
        return {**self.site.wire.user(DESK["username"]), "bot": False}

    def token(self, request: Request) -> Doc:
        return {"id": 4, "name": "desk", "revoked": False, "active": True, "scopes": ["api"],
                "user_id": DESK["id"], "expires_at": "2027-08-31"}  # fmt: skip

    def group(self, request: Request) -> Doc:
        if request.params["group"] != "acme":
            raise refused(404, "Group Not Found")
        return {"id": 1, "name": "Acme", "full_path": "acme"}

    def one_project(self, request: Request) -> Doc:
        number = self._project(request)
        if number is None:
            raise refused(404, "Project Not Found")
        return {"id": number, "path_with_namespace": PROJECTS[number], "default_branch": "main"}

    def _project(self, request: Request) -> int | None:
        asked = "/".join(request.params[n] for n in ("space", "sub", "name", "project") if n in request.params)
        return next((n for n, path in PROJECTS.items() if asked in (str(n), path)), None)

    def issues(self, request: Request) -> Response:
        asked = request.query
        number = self._project(request)
        if number is None and request.params.get("group") != "acme":
            raise refused(404, "Project Not Found")
        found = [i for i in self.store.all("gl_issue").values() if not i["deleted"] and number in (None, i["project"])]
        if after := self.moment(request, "updated_after"):
            found = [issue for issue in found if round(issue["updated"], 3) >= after]
        if asked.get("scope") == "created_by_me":
            found = [issue for issue in found if issue["author"] == DESK["username"]]
        if created := self.moment(request, "created_after"):
            found = [issue for issue in found if issue["at"] >= created]
        if asked.get("confidential") == "false":
            found = [issue for issue in found if not issue["confidential"]]
        if words := asked.get("search", "").lower().split():
            found = [i for i in found if all(word in f"{i['title']} {i['text']}".lower() for word in words)]
        wanted = {label for label in asked.get("labels", "").split(",") if label}
        found = [issue for issue in found if wanted <= set(issue["labels"])]
        key = "updated" if asked.get("order_by") == "updated_at" else "at"
        found.sort(key=lambda issue: issue[key], reverse=asked.get("sort", "desc") == "desc")
        return self._paged(request, [self.site.wire.issue(issue) for issue in found])

    def _paged(self, request: Request, entries: list[Doc]) -> Response:
        number, size = self.number(request, "page", 1), self.number(request, "per_page", 20, most=100)
        page = page_of(request, entries, (number - 1) * size, size, repeats=2)
        where = request.url.split("?")[0]
        wanted = {**({"next": number + 1} if page.more else {}), "first": 1}
        links = [f'<{where}?{urlencode({**request.query, "page": n})}>; rel="{rel}"' for rel, n in wanted.items()]
        return json_response(page.entries, X_Per_Page=str(size), Link=", ".join(links))

    def _issue(self, request: Request) -> Doc:
        issue = self.store.get("gl_issue", f"{self._project(request)}#{request.params['iid']}")
        if issue is None or issue["deleted"]:
            raise refused(404, "Not found")
        return issue

    def _note(self, request: Request) -> tuple[Doc, Doc]:
        issue, note = self._issue(request), self.store.get("gl_note", request.params["note"])
        if note is None or note["deleted"]:
            raise refused(404, "Note Not Found")
        return issue, note

    def one_issue(self, request: Request) -> Doc:
        return self.site.wire.issue(self._issue(request))

    def notes(self, request: Request) -> Response:
        issue, asked = self._issue(request), request.query
        key = "updated" if asked.get("order_by") == "updated_at" else "at"
        notes = self.site.wire.notes_of(issue)
        notes.sort(key=lambda n: n[key], reverse=asked.get("sort", "desc") == "desc")
        return self._paged(request, [self.site.wire.note(note, issue) for note in notes])

    def one_note(self, request: Request) -> Doc:
        issue, note = self._note(request)
        return self.site.wire.note(note, issue)

    def users(self, request: Request) -> Response:
        """https://docs.gitlab.com/api/users/#list-users: one, by its name."""
        name = request.query.get("username", "")
        known = name == DESK["username"] or name.lower() in self.site.team() or self.store.get("gl_user", name)
        return json_response([self.site.wire.user(name)] if known else [])

    # --- API: writing -----------------------------------------------------------------------------------------

    def open_issue(self, request: Request) -> Response:
        """https://docs.gitlab.com/api/issues/#new-issue"""
        project, form = self._project(request), request.form()
        if project is None:
            raise refused(404, "Project Not Found")
        if not str(form.get("title") or "").strip():
            raise Refused(json_response({"error": "title is missing"}, 400))
        issue = self.site.opened(project, form, self.now())
        if ids := form.get("assignee_ids"):
            issue = self.site.assigned(issue, self._names(ids), self.now())
        return json_response(self.site.wire.issue(issue), 201)

    def change_issue(self, request: Request) -> Response:
        """https://docs.gitlab.com/api/issues/#update-an-issue"""
        issue, form = self._issue(request), request.form()
        if "assignee_ids" in form:
            issue = self.site.assigned(issue, self._names(form["assignee_ids"]), self.now())
        return json_response(self.site.wire.issue(issue))

    def _names(self, ids: Any) -> list[str]:
        by_id = {user["id"]: name for name, user in self.store.all("gl_user").items()}
        return [by_id[int(number)] for number in ids if int(number) in by_id]

    def add_note(self, request: Request) -> Response:
        issue, form = self._issue(request), request.form()
        if not str(form.get("body") or "").strip():
            raise refused(400, "Bad request - Note can't be blank")
        note = self.site.add(issue, DESK["username"], form["body"], self.now(), internal=bool(form.get("internal")))
        return json_response(self.site.wire.note(note, issue), 201)

    def remove_note(self, request: Request) -> Response:
        _, note = self._note(request)
        if note["author"] != DESK["username"]:
            raise refused(403, "Forbidden")
        self.store.put("gl_note", str(note["id"]), {**note, "deleted": True})
        return Response(status=204)

    def award(self, request: Request) -> Response:
        is_note = "note" in request.params
        found = self._note(request)[1] if is_note else self._issue(request)
        if found.get("liked"):
            raise refused(404, "Award Emoji Name has already been taken Not Found")
        kind, key = ("gl_note", str(found["id"])) if is_note else ("gl_issue", found["key"])
        self.store.put(kind, key, {**found, "liked": True})
        return json_response({"id": 1, "name": "thumbsup", "user": self.site.wire.user(DESK["username"])}, 201)
