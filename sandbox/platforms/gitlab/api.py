"""GitLab's REST API: the token, `Link` paging, limits, issues and notes."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlencode

from sandbox.base.universe import Universe
from sandbox.platforms.gitlab.wire import DESK, LIMIT_A_MINUTE, PROJECTS, TOKEN, Wire
from sandbox.store import Doc
from sandbox.wire.http import Request, Response, Router, json_response


class Api(Wire):
    def __init__(self, universe: Universe) -> None:
        super().__init__(universe)
        self._used: dict[int, int] = {}

    def register(self, router: Router) -> None:
        base = "/gitlab/api/v4"
        two, number = f"{base}/projects/{{space}}/{{name}}", f"{base}/projects/{{project}}"
        issue = f"{number}/issues/{{iid}}"
        for method, path, view in (
            ("GET", f"{base}/user", self.me),
            ("GET", f"{base}/personal_access_tokens/self", self.token),
            ("GET", f"{number}/issues", self.issues),
            ("GET", issue, self.one_issue),
            ("GET", f"{issue}/notes", self.notes),
            ("POST", f"{issue}/notes", self.add_note),
            ("GET", f"{issue}/notes/{{note}}", self.one_note),
            ("DELETE", f"{issue}/notes/{{note}}", self.remove_note),
            ("POST", f"{issue}/award_emoji", self.award),
            ("POST", f"{issue}/notes/{{note}}/award_emoji", self.award),
            ("GET", f"{base}/groups/{{group}}/issues", self.issues),
            ("GET", f"{base}/groups/{{group}}", self.group),
            ("GET", number, self.one_project),
            ("GET", f"{two}/issues", self.issues),
            ("GET", f"{base}/projects/{{space}}/{{sub}}/{{name}}/issues", self.issues),
            ("GET", two, self.one_project),
            ("GET", f"{base}/projects/{{space}}/{{sub}}/{{name}}", self.one_project),
        ):
            router.add(method, path, self._allowed(view), platform=self.name, write=method != "GET")

    def _allowed(self, view: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def checked(request: Request) -> Response:
            sent = request.headers.get("Authorization", "").removeprefix("Bearer ") or request.headers.get(
                "PRIVATE-TOKEN"
            )
            answer = view(request) if sent == TOKEN else json_response({"message": "401 Unauthorized"}, 401)
            minute = int(time.time()) // 60
            used = self._used[minute] = self._used.get(minute, 0) + 1
            answer.headers |= {
                "RateLimit-Limit": str(LIMIT_A_MINUTE),
                "RateLimit-Remaining": str(max(0, LIMIT_A_MINUTE - used)),
                "RateLimit-Reset": str((minute + 1) * 60),
            }
            return answer

        return checked

    # --- API: reading -----------------------------------------------------------------------------------------

    def me(self, request: Request) -> Response:
        return json_response({**self._user(DESK["username"]), "bot": False})

    def token(self, request: Request) -> Response:
        return json_response({"id": 4, "name": "desk", "revoked": False, "active": True, "scopes": ["api"],
                              "user_id": DESK["id"], "expires_at": "2027-08-31"})  # fmt: skip

    def group(self, request: Request) -> Response:
        if request.params["group"] != "acme":
            return json_response({"message": "404 Group Not Found"}, 404)
        return json_response({"id": 1, "name": "Acme", "full_path": "acme"})

    def one_project(self, request: Request) -> Response:
        number = self._project(request)
        if number is None:
            return json_response({"message": "404 Project Not Found"}, 404)
        return json_response({"id": number, "path_with_namespace": PROJECTS[number], "default_branch": "main"})

    def _project(self, request: Request) -> int | None:
        asked = "/".join(request.params[n] for n in ("space", "sub", "name", "project") if n in request.params)
        return next((n for n, path in PROJECTS.items() if asked in (str(n), path)), None)

    def issues(self, request: Request) -> Response:
        asked = request.query
        number = self._project(request)
        if number is None and request.params.get("group") != "acme":
            return json_response({"message": "404 Project Not Found"}, 404)
        found = [i for i in self.store.all("gl_issue").values() if not i["deleted"] and number in (None, i["project"])]
        if since := asked.get("updated_after"):
            after = datetime.fromisoformat(since).timestamp()
            found = [issue for issue in found if round(issue["updated"], 3) >= after]
        if asked.get("confidential") == "false":
            found = [issue for issue in found if not issue["confidential"]]
        wanted = {label for label in asked.get("labels", "").split(",") if label}
        found = [issue for issue in found if wanted <= set(issue["labels"])]
        key = "updated" if asked.get("order_by") == "updated_at" else "at"
        found.sort(key=lambda issue: issue[key], reverse=asked.get("sort", "desc") == "desc")
        return self._paged(request, [self._issue(issue) for issue in found])

    def _paged(self, request: Request, entries: list[Doc]) -> Response:
        asked = request.query
        number, size = max(1, int(asked.get("page", 1))), max(1, min(100, int(asked.get("per_page", 20))))
        shown = entries[(number - 1) * size : number * size]
        if request.duplicates:
            shown = shown + shown[:2]
        links = [f'<{request.url.split("?")[0]}?{urlencode({**asked, "page": 1})}>; rel="first"']
        if number * size < len(entries):
            links.insert(0, f'<{request.url.split("?")[0]}?{urlencode({**asked, "page": number + 1})}>; rel="next"')
        return json_response(shown, X_Per_Page=str(size), Link=", ".join(links))

    def _found(self, request: Request) -> Doc | None:
        number = self._project(request)
        issue = self.store.get("gl_issue", f"{number}#{request.params['iid']}")
        return issue if issue and not issue["deleted"] else None

    def one_issue(self, request: Request) -> Response:
        issue = self._found(request)
        return json_response(self._issue(issue)) if issue else json_response({"message": "404 Not found"}, 404)

    def notes(self, request: Request) -> Response:
        issue = self._found(request)
        if issue is None:
            return json_response({"message": "404 Not found"}, 404)
        key = "updated" if request.query.get("order_by") == "updated_at" else "at"
        notes = sorted(self._notes_of(issue), key=lambda n: n[key], reverse=request.query.get("sort", "desc") == "desc")
        return self._paged(request, [self._note(note, issue) for note in notes])

    def one_note(self, request: Request) -> Response:
        issue, note = self._found(request), self.store.get("gl_note", request.params["note"])
        if issue is None or note is None or note["deleted"]:
            return json_response({"message": "404 Note Not Found"}, 404)
        return json_response(self._note(note, issue))

    # --- API: writing -----------------------------------------------------------------------------------------

    def add_note(self, request: Request) -> Response:
        issue, form = self._found(request), request.form()
        if issue is None:
            return json_response({"message": "404 Not found"}, 404)
        if not str(form.get("body") or "").strip():
            return json_response({"message": "400 Bad request - Note can't be blank"}, 400)
        note = self._add(issue, DESK["username"], form["body"], time.time(), internal=bool(form.get("internal")))
        return json_response(self._note(note, issue), 201)

    def remove_note(self, request: Request) -> Response:
        issue, note = self._found(request), self.store.get("gl_note", request.params["note"])
        if issue is None or note is None or note["deleted"]:
            return json_response({"message": "404 Note Not Found"}, 404)
        if note["author"] != DESK["username"]:
            return json_response({"message": "403 Forbidden"}, 403)
        self.store.put("gl_note", str(note["id"]), {**note, "deleted": True})
        return Response(status=204)

    def award(self, request: Request) -> Response:
        kind, key = ("gl_note", request.params["note"]) if "note" in request.params else ("gl_issue", "")
        found = self.store.get(kind, key) if key else self._found(request)
        if found is None:
            return json_response({"message": "404 Not found"}, 404)
        if found.get("liked"):
            return json_response({"message": "404 Award Emoji Name has already been taken Not Found"}, 404)
        self.store.put(kind, key or found["key"], {**found, "liked": True})
        return json_response({"id": 1, "name": "thumbsup", "user": self._user(DESK["username"])}, 201)
