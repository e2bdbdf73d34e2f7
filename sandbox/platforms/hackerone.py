"""HackerOne: the customer API under /hackerone/v1, and reports to read and answer under /hackerone.

https://api.hackerone.com/customer-resources/ · https://api.hackerone.com/customer-reference/
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from sandbox.base.acts import Access, Act, Impossible, Made
from sandbox.pages.elements import el, link, missing, page, reply_form, when
from sandbox.store import Doc
from sandbox.talk import Talk
from sandbox.wire.http import Request, Response, Router, json_response

IDENTIFIER = "acme-desk"
TOKEN = "sandbox+hackerone/token="  # noqa: S105
PROGRAMS = {"acme": "1894", "acme-labs": "1895"}
SECTION = "HackerOne"
STATES = ("new", "triaged", "needs-more-info", "resolved", "informative", "not-applicable", "duplicate", "spam")


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def errors(status: int, title: str, detail: str) -> Response:
    return json_response({"errors": [{"status": status, "title": title, "detail": detail}]}, status)


class HackerOne(Talk):
    name = "hackerone"
    title = SECTION
    home = "/hackerone/"

    def register(self, router: Router) -> None:
        router.add("GET", "/hackerone/v1/reports", self._allowed(self.reports), platform=self.name)
        router.add("GET", "/hackerone/v1/reports/{number}", self._allowed(self.report), platform=self.name)
        router.add("GET", "/hackerone/", self.front)
        router.add("GET", "/hackerone/reports/{number}", self.page_of_report)

    def _allowed(self, view: Callable[[Request], Response]) -> Callable[[Request], Response]:
        wanted = "Basic " + base64.b64encode(f"{IDENTIFIER}:{TOKEN}".encode()).decode()

        def checked(request: Request) -> Response:
            if request.headers.get("Authorization") != wanted:
                return self.refusal("expired")
            return view(request)

        return checked

    # --- API --------------------------------------------------------------------------------------------------

    def reports(self, request: Request) -> Response:
        asked = request.query
        program = asked.get("filter[program][]", "")
        if not program:
            return errors(400, "Invalid Parameter", "The parameter 'filter[program][]' is missing.")
        if program not in PROGRAMS:
            # Like the real API at times: an error under data, with status 200.
            return json_response({"data": {"errors": [{"status": 404, "title": "Program not found"}]}})
        found = [r for r in self.store.all("h1_report").values() if r["program"] == program]
        if since := asked.get("filter[last_activity_at__gt]"):
            after = datetime.fromisoformat(since).timestamp()
            found = [report for report in found if int(report["active"] * 1000) > round(after * 1000)]
        key = asked.get("sort", "").removeprefix("-")
        by = "active" if key == "reports.last_activity_at" else "at"
        found.sort(key=lambda report: report[by], reverse=asked.get("sort", "-").startswith("-"))
        return self._paged(request, found)

    def _paged(self, request: Request, found: list[Doc]) -> Response:
        asked = request.query
        number = max(1, int(asked.get("page[number]", 1)))
        size = max(1, min(100, int(asked.get("page[size]", 25))))
        shown = found[(number - 1) * size : number * size]
        if request.duplicates:
            shown = shown + shown[:1]
        links: Doc = {}
        if number * size < len(found):
            following = {**asked, "page[number]": number + 1, "page[size]": size}
            links["next"] = f"{request.url.split('?')[0]}?{urlencode(following)}"
        return json_response({"data": [self._report(report, whole=False) for report in shown], "links": links})

    def report(self, request: Request) -> Response:
        report = self.store.get("h1_report", request.params["number"])
        if report is None:
            return errors(404, "Not Found", "The report was not found.")
        return json_response({"data": self._report(report, whole=True)})

    # --- wire format ------------------------------------------------------------------------------------------

    def _report(self, report: Doc, *, whole: bool) -> Doc:
        made: Doc = {
            "id": report["id"],
            "type": "report",
            "attributes": {
                "title": report["title"], "state": report["state"], "created_at": iso(report["at"]),
                "vulnerability_information": report["text"], "triaged_at": None, "closed_at": None,
                "last_activity_at": iso(report["active"]), "disclosed_at": None, "source": None,
            },
            "relationships": {
                "reporter": {"data": self._user(report["author"])},
                "program": {"data": {"id": PROGRAMS[report["program"]], "type": "program",
                                     "attributes": {"handle": report["program"]}}},
                "severity": {"data": {"id": report["id"], "type": "severity", "attributes": {"rating": "medium"}}},
                "bounties": {"data": []},
            },
        }  # fmt: skip
        if whole:
            newest_first = sorted(self._activities_of(report), key=lambda a: -a["at"])
            made["relationships"]["activities"] = {"data": [self._activity(a) for a in newest_first]}
            made["relationships"]["attachments"] = {"data": []}
        return made

    def _activity(self, activity: Doc) -> Doc:
        at = {"created_at": iso(activity["at"]), "updated_at": iso(activity["updated"])}
        return {
            "type": activity["type"], "id": activity["id"],
            "attributes": {"message": activity["text"], "internal": activity["internal"], **at,
                           "report_id": activity["report"]},
            "relationships": {"actor": {"data": self._user(activity["author"])}},
        }  # fmt: skip

    def _user(self, username: str) -> Doc:
        known = self.store.get("h1_user", username)
        if known is None:
            member = self.team().get(username.lower())
            known = {"id": str(self.store.next_number("h1_user", 2400)), "name": member.name if member else username}
            self.store.put("h1_user", username, known)
        return {
            "id": known["id"], "type": "user",
            "attributes": {"username": username, "name": known["name"], "disabled": False},
        }  # fmt: skip

    def _activities_of(self, report: Doc) -> list[Doc]:
        return [a for a in self.store.all("h1_activity").values() if a["report"] == report["id"]]

    # --- what happens -----------------------------------------------------------------------------------------

    def perform(self, act: Act) -> Made:
        """`more`: title, to (program); for a report's activity also internal and state (set by the team)."""
        at = act.at or self.universe.now()
        if act.verb == "delete":
            raise Impossible("nothing is deleted on HackerOne")
        if act.verb == "post" and not act.parent:
            return self._open(act, at)
        report, activity = self._of(act.parent)
        if act.verb == "post":
            return self._add(act, report, at)
        kind, target = ("h1_activity", activity) if activity else ("h1_report", report)
        self.store.put(kind, target["id"], {**target, "text": act.text, "updated": at})
        self._touch(report, at)
        return Made(act.parent, self.url(report["id"]))

    def _of(self, ref: str) -> tuple[Doc, Doc | None]:
        activity = self.store.get("h1_activity", ref.removeprefix("activity-")) if ref.startswith("activity-") else None
        report = self.store.get("h1_report", activity["report"] if activity else ref)
        if report is None:
            raise Impossible(f"there is no {ref}")
        return report, activity

    def _open(self, act: Act, at: float) -> Made:
        program = str(act.more.get("to") or "acme")
        if program not in PROGRAMS:
            raise Impossible(f"there is no program {program}")
        number = str(self.store.next_number("h1_report", 207000))
        title = str(act.more.get("title") or act.text.split("\n")[0][:80])
        report = {"id": number, "program": program, "title": title, "text": act.text, "author": act.author,
                  "state": "new", "at": at, "active": at, "updated": at, "kind": act.kind}  # fmt: skip
        self.store.put("h1_report", number, report)
        return Made(number, self.url(number))

    def _add(self, act: Act, report: Doc, at: float) -> Made:
        state = str(act.more.get("state") or "")
        if state and state not in STATES:
            raise Impossible(f"no state {state}; there are {', '.join(STATES)}")
        number = str(self.store.next_number("h1_activity", 1450000))
        activity = {"id": number, "report": report["id"], "author": act.author, "text": act.text, "at": at,
                    "updated": at, "type": f"activity-bug-{state}" if state else "activity-comment",
                    "internal": bool(act.more.get("internal"))}  # fmt: skip
        self.store.put("h1_activity", number, activity)
        self._touch({**report, "state": state or report["state"]}, at)
        return Made(f"activity-{number}", self.url(report["id"], number))

    def _touch(self, report: Doc, at: float) -> None:
        known = self.store.get("h1_report", report["id"]) or report
        changed = {**known, "state": report["state"], "active": max(at, known["active"])}
        self.store.put("h1_report", report["id"], changed)

    def url(self, number: str, activity: str = "") -> str:
        anchor = f"#activity-{activity}" if activity else ""
        return f"{self.universe.public_url}/hackerone/reports/{number}{anchor}"

    def access(self) -> Access:
        base = f"{self.universe.public_url}/hackerone"
        settings = {
            "api_identifier": IDENTIFIER,
            "programs": list(PROGRAMS),
            "api_base": f"{base}/v1",
            "web_base": base,
        }
        return Access(settings, {"api_token": TOKEN}, {program: ({}, {}) for program in PROGRAMS})

    def truth(self, *, search: bool = False) -> dict[str, list[dict[str, Any]]]:
        told: dict[str, list[dict[str, Any]]] = {"mentions": [], "optional": [], "ours": [], "desk": []}
        team, reports = self.team(), self.store.all("h1_report")
        for doc in (*reports.values(), *self.store.all("h1_activity").values()):
            report = reports[doc["report"]] if "report" in doc else doc
            entry = {
                "id": f"activity-{doc['id']}" if "report" in doc else doc["id"], "author": doc["author"],
                "text": doc["text"], "at": doc["at"], "title": doc.get("title"), "to": report["program"],
                "in_reply_to": doc.get("report"), "state": report["state"], "deleted": False,
            }  # fmt: skip
            if doc.get("internal"):
                told["optional"].append({**entry, "reason": "internal"})
            else:
                told["ours" if doc["author"].lower() in team else "mentions"].append(entry)
        return told

    def counts(self) -> dict[str, int]:
        return {name: len(entries) for name, entries in self.truth().items()}

    def refusal(self, kind: str) -> Response:
        if kind == "429":
            return errors(429, "Too Many Requests", "You have exceeded the rate limit.")
        if kind == "expired":
            return errors(401, "Unauthorized", "You don't have access to this resource.")
        return Response(b"<html><body><h1>We're sorry, but something went wrong.</h1></body></html>", 500, "text/html")

    # --- pages ------------------------------------------------------------------------------------------------

    def front(self, request: Request) -> Response:
        newest = sorted(self.store.all("h1_report").values(), key=lambda r: -r["active"])[:60]
        lines = [
            el("li", link(self.url(r["id"]), r["title"]),
               el("p", f"#{r['id']} to {r['program']} by {r['author']} · {r['state']} · ", when(r["at"]), class_="by"))
            for r in newest
        ]  # fmt: skip
        return page("Reports", el("ul", lines), section=SECTION)

    def page_of_report(self, request: Request) -> Response:
        report = self.store.get("h1_report", request.params["number"])
        if report is None:
            return missing("such report", SECTION)
        shown = [self._shown(doc) for doc in (report, *self._activities_of(report))]
        options = [(account, f"{m.name}, {m.role}") for account, m in self.team().items()]
        form = reply_form("/control/answer", options, platform=self.name, id=report["id"])
        return page(report["title"], el("p", f"State: {report['state']}"), shown, form, section=SECTION)

    def _shown(self, doc: Doc) -> Any:
        what = doc.get("type", "report").removeprefix("activity-").replace("-", " ")
        note = " · internal" if doc.get("internal") else ""
        by = el("p", f"{doc['author']} · {what} · ", when(doc["at"]), note, class_="by")
        anchor = f"activity-{doc['id']}" if "report" in doc else None
        return el("article", by, el("p", doc["text"], class_="text"), id=anchor)


PLATFORM = HackerOne
