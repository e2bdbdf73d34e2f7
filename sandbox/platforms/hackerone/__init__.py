"""HackerOne: the customer API under /hackerone/v1, and reports to read and answer under /hackerone.

https://api.hackerone.com/customer-resources/ · https://api.hackerone.com/customer-reference/
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from sandbox.base.acts import Access, Act, Impossible, Made
from sandbox.pages.elements import el, link, missing, page, reply_form, when
from sandbox.platforms.hackerone.api import IDENTIFIER, PROGRAMS, TOKEN, Api, errors
from sandbox.store import Doc
from sandbox.talk import Talk
from sandbox.wire.http import Request, Response, Router, html_response, json_response
from sandbox.wire.texts import iso

SECTION = "HackerOne"
HOOK_SECRET = "sandbox-hackerone-hook"  # noqa: S105
STATES = ("new", "triaged", "needs-more-info", "resolved", "informative", "not-applicable", "duplicate", "spam")


class HackerOne(Talk):
    name = "hackerone"
    title = SECTION
    home = "/hackerone/"
    refusals = {
        "400": errors(400, "Bad Request", "The request body is invalid."),
        "404": errors(404, "Not Found", "The resource was not found."),
        "429": errors(429, "Too Many Requests", "You have exceeded the rate limit."),
        "500": html_response("<h1>We're sorry, but something went wrong.</h1>", 500),
        "expired": errors(401, "Unauthorized", "You don't have access to this resource."),
    }

    def register(self, router: Router) -> None:
        Api(self).register(router)
        router.add("GET", "/hackerone/", self.front)
        router.add("GET", "/hackerone/reports/{number}", self.page_of_report)

    # --- wire format ------------------------------------------------------------------------------------------

    def report(self, report: Doc, *, whole: bool) -> Doc:
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

    # --- acts -------------------------------------------------------------------------------------------------

    def find(self, ref: str) -> Doc | None:
        kind = "h1_activity" if ref.startswith("activity-") else "h1_report"
        return self.store.get(kind, ref.removeprefix("activity-"))

    def _report_of(self, doc: Doc) -> Doc:
        return self.store.all("h1_report")[doc["report"]] if "report" in doc else doc

    def posted(self, act: Act, at: float) -> Doc:
        """`more`: title, to (program); for a report's activity also internal, state (set by the team) and activity
        (another type, such as agreed-on-going-public)."""
        made = self._add(act, self._report_of(self.existing(act.parent)), at) if act.parent else self._open(act, at)
        self._call(made)
        return made

    def _call(self, doc: Doc) -> None:
        """https://docs.hackerone.com/en/articles/8562129-webhooks"""
        report = self._report_of(doc)
        data = {"report": self.report(report, whole=False)}
        if "report" in doc:
            data["activity"] = self._activity(doc)
        event = f"report_{str(doc.get('type', 'activity-created')).removeprefix('activity-').replace('-', '_')}"
        body = json_response({"data": data}).body
        self.tell(lambda secret: (body, {
            "X-H1-Event": event, "X-H1-Delivery": doc["id"], "Content-Type": "application/json",
            "X-H1-Signature": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
        }))  # fmt: skip

    def edited(self, doc: Doc, text: str, at: float) -> Doc:
        doc = {**doc, "text": text, "updated": at}
        self.store.put("h1_activity" if "report" in doc else "h1_report", doc["id"], doc)
        self._touch(self._report_of(doc), at)
        return doc

    def removed(self, doc: Doc, at: float) -> Doc:
        raise Impossible("nothing is deleted on HackerOne")

    def made(self, doc: Doc) -> Made:
        return Made(f"activity-{doc['id']}" if "report" in doc else doc["id"], self.url(doc))

    def _open(self, act: Act, at: float) -> Doc:
        program = str(act.more.get("to") or "acme")
        if program not in PROGRAMS:
            raise Impossible(f"there is no program {program}")
        number = str(self.store.next_number("h1_report", 207000))
        title = str(act.more.get("title") or act.text.split("\n")[0][:80])
        report = {"id": number, "program": program, "title": title, "text": act.text, "author": act.author,
                  "state": "new", "at": at, "active": at, "updated": at, "kind": act.kind}  # fmt: skip
        self.store.put("h1_report", number, report)
        return report

    def _add(self, act: Act, report: Doc, at: float) -> Doc:
        state = str(act.more.get("state") or "")
        if state and state not in STATES:
            raise Impossible(f"no state {state}; there are {', '.join(STATES)}")
        number = str(self.store.next_number("h1_activity", 1450000))
        activity = {"id": number, "report": report["id"], "author": act.author, "text": act.text, "at": at,
                    "updated": at, "type": f"activity-{self._kind(act, state)}",
                    "internal": bool(act.more.get("internal"))}  # fmt: skip
        self.store.put("h1_activity", number, activity)
        self._touch({**report, "state": state or report["state"]}, at)
        return activity

    def _kind(self, act: Act, state: str) -> str:
        return f"bug-{state}" if state else str(act.more.get("activity") or "comment")

    def _touch(self, report: Doc, at: float) -> None:
        known = self.store.get("h1_report", report["id"]) or report
        changed = {**known, "state": report["state"], "active": max(at, known["active"])}
        self.store.put("h1_report", report["id"], changed)

    def url(self, doc: Doc) -> str:
        anchor = f"#activity-{doc['id']}" if "report" in doc else ""
        return f"{self.universe.public_url}/hackerone/reports/{doc.get('report', doc['id'])}{anchor}"

    def access(self) -> Access:
        base = f"{self.universe.public_url}/hackerone"
        settings = {
            "api_identifier": IDENTIFIER,
            "programs": list(PROGRAMS),
            "api_base": f"{base}/v1",
            "web_base": base,
        }
        return Access(
            settings, {"api_token": TOKEN, "webhook_secret": HOOK_SECRET}, {program: ({}, {}) for program in PROGRAMS}
        )

    def documents(self) -> list[Doc]:
        return [*self.store.all("h1_report").values(), *self.store.all("h1_activity").values()]

    def place(self, doc: Doc) -> tuple[str, str]:
        return ("optional", "internal") if doc.get("internal") else super().place(doc)

    def entry(self, doc: Doc) -> dict[str, Any]:
        report = self._report_of(doc)
        return {
            "id": f"activity-{doc['id']}" if "report" in doc else doc["id"], "author": doc["author"],
            "text": doc["text"], "at": doc["at"], "title": doc.get("title"), "to": report["program"],
            "in_reply_to": doc.get("report"), "state": report["state"], "deleted": False,
        }  # fmt: skip

    # --- pages ------------------------------------------------------------------------------------------------

    def front(self, request: Request) -> Response:
        newest = sorted(self.store.all("h1_report").values(), key=lambda r: -r["active"])[:60]
        lines = [
            el("li", link(self.url(r), r["title"]),
               el("p", f"#{r['id']} to {r['program']} by {r['author']} · {r['state']} · ", when(r["at"]), class_="by"))
            for r in newest
        ]  # fmt: skip
        return page("Reports", el("ul", lines), section=SECTION)

    def page_of_report(self, request: Request) -> Response:
        report = self.store.get("h1_report", request.params["number"])
        if report is None:
            return missing("such report", SECTION)
        shown = [self._shown(doc) for doc in (report, *self._activities_of(report))]
        form = reply_form("/control/answer", self.people(), platform=self.name, id=report["id"])
        return page(report["title"], el("p", f"State: {report['state']}"), shown, form, section=SECTION)

    def _shown(self, doc: Doc) -> Any:
        what = doc.get("type", "report").removeprefix("activity-").replace("-", " ")
        note = " · internal" if doc.get("internal") else ""
        by = el("p", f"{doc['author']} · {what} · ", when(doc["at"]), note, class_="by")
        anchor = f"activity-{doc['id']}" if "report" in doc else None
        return el("article", by, el("p", doc["text"], class_="text"), id=anchor)


PLATFORM = HackerOne
