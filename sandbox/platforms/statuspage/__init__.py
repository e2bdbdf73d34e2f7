"""status.acme.example as Statuspage serves it: https://developer.statuspage.io/ (the public part, `/api/v2`).

The company's own page: the team wrote everything on it, so nothing is a mention.
"""

from __future__ import annotations

import random
from datetime import datetime
from typing import Any

from sandbox.base.acts import Access, Act, Timed
from sandbox.base.platform import Platform
from sandbox.pages.elements import Markup, el, link, missing, page, when
from sandbox.platforms.statuspage.api import COMPONENTS, PAGE_ID, Api
from sandbox.store import Doc
from sandbox.wire.http import Request, Response, Router, json_response
from sandbox.wire.texts import iso
from sandbox.world import COMPANY, Member

OPEN = ("investigating", "identified", "monitoring", "scheduled", "in_progress", "verifying")
MAX_INCIDENTS = 50
_STEPS = {
    "outage": (
        (0, "investigating", "We are investigating reports of errors on {part}."),
        (900, "identified", "The cause is known: {cause}. We are working on a fix.<br /><br />Your data is safe."),
        (2400, "monitoring", "A fix is out and we are watching it."),
        (4800, "resolved", "This incident has been resolved. A review will follow on our blog."),
    ),
    "maintenance": (
        (0, "scheduled", "{part} will be read-only for about ten minutes while we upgrade its database."),
        (7200, "in_progress", "The maintenance has begun."),
        (9000, "completed", "The maintenance is done."),
    ),
}
_CAUSES = ("a full disk", "a bad cache", "a failed failover of the database", "a network provider")


class Statuspage(Platform):
    name = "statuspage"
    title = "Status"
    home = "/statuspage/"
    post_kind = "status_update"
    refusals = {
        "400": json_response({"error": "Bad request"}, 400),
        "404": json_response({"error": "Not found"}, 404),
        "429": json_response({"error": "Too Many Requests"}, 429, Retry_After="1"),
        "500": json_response({"error": "Something went wrong"}, 500),
        "expired": json_response({"error": "Not authenticated"}, 401),
    }
    kinds = ("outage", "maintenance")
    weight = 1

    def register(self, router: Router) -> None:
        Api(self).register(router)
        router.add("GET", "/statuspage/", self.page)
        router.add("GET", "/statuspage/incidents/{id}", self.incident_page)

    def account(self, member: Member) -> str | None:
        return None

    # --- acts -------------------------------------------------------------------------------------------------

    def opening(self, random_: random.Random, key: str, *, kind: str = "", to: str = "", author: str = "") -> Timed:
        """An outage with its updates, or a maintenance; nobody replies there."""
        kind = kind if kind in _STEPS else random_.choice(("outage", "outage", "outage", "maintenance"))
        part, cause = random_.choice(list(COMPONENTS)), random_.choice(_CAUSES)
        title = f"{part}: degraded performance" if kind == "outage" else f"Upgrade of {part}"
        acts: Timed = []
        for number, (seconds, status, text) in enumerate(_STEPS[kind]):
            act = Act(
                "statuspage", "post", COMPANY, text.format(part=part, cause=cause), kind="automatic", by_team=True
            )
            act.key, act.parent = (key, "") if number == 0 else (f"{key}/{number}", f"~{key}")
            act.more = {"headline": title, "status": status, "component": part, "about": kind}
            acts.append((float(seconds), act))
        return acts if key else acts[:1]

    def posted(self, act: Act, at: float) -> Doc:
        """A post without a parent opens an incident; with an update's id it is the next update of that incident."""
        if not act.parent:
            return self._add(self._open(act, at), act, at)
        incident = self.store.get("status_incident", self.existing(act.parent)["incident_id"])
        return self._add(incident or {}, act, at)

    def edited(self, doc: Doc, text: str, at: float) -> Doc:
        return self.save({**doc, "body": text, "updated_at": iso(at)})

    def removed(self, doc: Doc, at: float) -> Doc:
        self.store.drop(self.post_kind, doc["id"])
        return doc

    def url(self, doc: Doc) -> str:
        return f"{self.universe.public_url}/statuspage/incidents/{doc['incident_id']}"

    def _open(self, act: Act, at: float) -> Doc:
        number, kind = self.store.next_number("status_incident"), str(act.more.get("about") or "outage")
        incident: Doc = {
            "id": f"inc{number:09d}",
            "name": str(act.more.get("headline") or act.more.get("title") or "Degraded service"),
            "kind": kind,
            "created_at": iso(at),
            "impact": "maintenance" if kind == "maintenance" else ("minor", "major", "critical")[number % 3],
            "component": str(act.more.get("component") or "Website"),
            "at": at,
        }
        self.store.put("status_incident", incident["id"], incident)
        return incident

    def _add(self, incident: Doc, act: Act, at: float) -> Doc:
        number, status = self.store.next_number("status_update"), str(act.more.get("status") or "investigating")
        name = incident["component"]
        affected = [{"code": COMPONENTS.get(name, ""), "name": name, "old_status": "operational", "new_status": status}]
        update: Doc = {
            "id": f"upd{number:09d}",
            "status": status,
            "body": act.text,
            "incident_id": incident["id"],
            "created_at": iso(at),
            "updated_at": iso(at),
            "display_at": iso(at),
            "affected_components": affected if number % 4 else None,
            "deliver_notifications": True,
            "custom_tweet": None,
            "tweet_id": None,
        }
        return self.save(update)

    # --- API --------------------------------------------------------------------------------------------------

    def wire(self, incident: Doc) -> dict[str, Any]:
        """Updates newest first."""
        updates = [u for u in self.store.all("status_update").values() if u["incident_id"] == incident["id"]][::-1]
        status = updates[0]["status"] if updates else "resolved"
        made = {name: incident[name] for name in ("id", "name", "created_at", "impact")}
        made |= {
            "status": status,
            "updated_at": max((u["updated_at"] for u in updates), default=incident["created_at"]),
            "monitoring_at": None,
            "resolved_at": updates[0]["created_at"] if status in ("resolved", "completed") and updates else None,
            "shortlink": f"{self.universe.public_url}/statuspage/incidents/{incident['id']}",
            "started_at": incident["created_at"],
            "page_id": PAGE_ID,
            "incident_updates": updates,
            "components": [],
        }
        if incident["kind"] == "maintenance":
            made |= {"scheduled_for": iso(incident["at"] + 7200), "scheduled_until": iso(incident["at"] + 9000)}
        return made

    def incidents(self, kind: str) -> list[dict[str, Any]]:
        found = [i for i in self.store.all("status_incident").values() if i["kind"] == kind]
        return [self.wire(incident) for incident in found[::-1][:MAX_INCIDENTS]]

    def about(self) -> dict[str, Any]:
        url, now = f"{self.universe.public_url}/statuspage", iso(self.universe.now())
        return {"id": PAGE_ID, "name": COMPANY, "url": url, "time_zone": "Etc/UTC", "updated_at": now}

    def status(self) -> dict[str, str]:
        is_bad = any(i["status"] in OPEN for i in self.incidents("outage"))
        return {
            "indicator": "minor" if is_bad else "none",
            "description": "Partially Degraded Service" if is_bad else "All Systems Operational",
        }

    def open_ones(self, kind: str) -> list[dict[str, Any]]:
        return [i for i in self.incidents(kind) if i["status"] in OPEN]

    # --- pages ------------------------------------------------------------------------------------------------

    def page(self, request: Request) -> Response:
        shown = [*self.open_ones("maintenance"), *self.incidents("outage")[:20]]
        status = el("p", el("strong", self.status()["description"]))
        return page("Acme status", status, [self._article(i) for i in shown], section=self.title)

    def incident_page(self, request: Request) -> Response:
        incident = self.store.get("status_incident", request.params["id"])
        if incident is None:
            return missing("such incident", self.title)
        return page(incident["name"], self._article(self.wire(incident)), section=self.title)

    def _article(self, incident: dict[str, Any]) -> Markup:
        lines = [
            el(
                "li",
                el("strong", update["status"].replace("_", " ").capitalize()),
                f": {update['body'].replace('<br />', ' ')} · ",
                when(datetime.fromisoformat(update["created_at"]).timestamp()),
            )
            for update in incident["incident_updates"]
        ]
        return el(
            "article",
            el("p", link(f"/statuspage/incidents/{incident['id']}", incident["name"]), class_="by"),
            el("ul", lines),
            class_="ours",
        )

    # --- truth ------------------------------------------------------------------------------------------------

    def place(self, doc: Doc) -> tuple[str, str]:
        return "ours", ""

    def entry(self, doc: Doc) -> dict[str, Any]:
        return {"id": doc["id"], "incident": doc["incident_id"], "author": PAGE_ID, "text": doc["body"],
                "status": doc["status"]}  # fmt: skip

    def access(self) -> Access:
        return Access({"api_base": f"{self.universe.public_url}/statuspage", "is_ours": True})


PLATFORM = Statuspage
