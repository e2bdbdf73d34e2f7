"""Direct messages: https://docs.x.com/x-api/direct-messages/lookup/integrate and …/manage/integrate.

Our handles are closed: a person may write only after the handle wrote to them. A person may be closed, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.base.acts import Act, Impossible, Made
from sandbox.platforms.twitter import problems, wire
from sandbox.platforms.twitter.posts import snowflake
from sandbox.store import Doc
from sandbox.wire.http import BadBody, Request, Response, json_response

if TYPE_CHECKING:
    from sandbox.platforms.twitter import Twitter

KIND = "twitter_dm"
REACH_S = 30 * 86_400
MAX_RESULTS = 100
MAX_TEXT = 10_000
CLOSED = "You do not have permission to DM one or more participants."


class DirectMessages:
    def __init__(self, site: Twitter) -> None:
        self.site, self.store, self.posts = site, site.store, site.posts

    # --- acts -----------------------------------------------------------------------------------------------------

    def act(self, act: Act, at: float) -> Made:
        """`more["dm_to"]`: the other account. Raises Impossible for a handle that is closed to its author."""
        sender, other = self.posts.account(act.author), self.posts.account(str(act.more["dm_to"]))
        if other["id"] in self.site.own_ids() and not self._wrote(other["id"], sender["id"]):
            raise Impossible(f"@{other['username']} takes no direct messages from @{sender['username']}")
        doc = self.add(sender["id"], other["id"], act.text, at)
        return Made(f"dm:{doc['id']}", f"{self.site.universe.public_url}/twitter/web/messages/{doc['conv']}")

    def close(self, username: str) -> None:
        account = self.posts.account(username)
        self.store.put("twitter_user", account["id"], {**account, "closed": True})

    def add(self, sender: str, other: str, text: str, at: float, *, desk: bool = False) -> Doc:
        number = self.store.next_number(KIND)
        doc: Doc = {
            "id": str(snowflake(at) | (number & 0x3FFFFF)),
            "conv": "-".join(sorted((sender, other), key=int)),
            "from": sender,
            "to": other,
            "text": text,
            "at": at,
            "desk": desk,
        }
        self.store.put(KIND, doc["id"], doc)
        return doc

    def _wrote(self, one: str, other: str) -> bool:
        return any(doc["from"] == one and doc["to"] == other for doc in self.all())

    def all(self) -> list[Doc]:
        return list(self.store.all(KIND).values())

    def by_desk(self) -> list[dict[str, Any]]:
        return [
            {"id": f"dm:{d['id']}", "author": self.posts.username(d["from"]), "text": d["text"], "at": d["at"],
             "to": self.posts.username(d["to"]), "in_reply_to": None}
            for d in self.all() if d["desk"]
        ]  # fmt: skip

    # --- API ------------------------------------------------------------------------------------------------------

    def events(self, request: Request) -> Response:
        """All conversations of the requesting handle."""
        me = request.caller.user_id
        return self._listing(request, [doc for doc in self.all() if me in (doc["from"], doc["to"])])

    def events_with(self, request: Request) -> Response:
        pair = {request.caller.user_id, request.params["id"]}
        return self._listing(request, [doc for doc in self.all() if {doc["from"], doc["to"]} == pair])

    def send(self, request: Request) -> Response:
        data = request.json()
        if not isinstance(data, dict):
            raise BadBody("not an object")
        text, me, other = str(data.get("text") or ""), request.caller.user_id, request.params["id"]
        person = self.posts.user(other)
        if not text.strip() or len(text) > MAX_TEXT:
            return problems.invalid("text", text, "text: must have 1 to 10000 characters")
        if person is None:
            return problems.invalid("participant_id", other, "participant_id: no such user")
        if person.get("closed") and not self._wrote(other, me):
            return problems.problem(403, "Forbidden", CLOSED)
        doc = self.add(me, other, text, self.site.universe.now(), desk=True)
        return json_response({"data": {"dm_conversation_id": doc["conv"], "dm_event_id": doc["id"]}}, 201)

    def _listing(self, request: Request, docs: list[Doc]) -> Response:
        asked = request.query
        oldest = self.site.universe.now() - REACH_S
        found = sorted((d for d in docs if d["at"] >= oldest), key=lambda d: int(d["id"]), reverse=True)
        size = max(1, min(MAX_RESULTS, int(asked.get("max_results") or MAX_RESULTS)))
        if token := asked.get("pagination_token"):
            found = [d for d in found if int(d["id"]) < wire.from_page_token(token)]
        shown, fields = found[:size], wire.names(asked.get("dm_event.fields"))
        meta: dict[str, Any] = {"result_count": len(shown)}
        if len(found) > size:
            meta["next_token"] = wire.page_token(shown[-1]["id"])
        body: dict[str, Any] = {"meta": meta}
        if shown:
            body["data"] = [self._event(doc, fields) for doc in shown]
            if "sender_id" in wire.names(asked.get("expansions")):
                writer = wire.Writer(self.posts, asked)
                users = [self.posts.user(number) for number in dict.fromkeys(d["from"] for d in shown)]
                body["includes"] = {"users": [writer.user(user) for user in users if user]}
        return json_response(body)

    def _event(self, doc: Doc, fields: set[str]) -> dict[str, Any]:
        optional = {
            "dm_conversation_id": doc["conv"],
            "sender_id": doc["from"],
            "created_at": wire.instant(doc["at"]),
        }
        made = {"id": doc["id"], "event_type": "MessageCreate", "text": doc["text"]}
        return made | {name: value for name, value in optional.items() if name in fields}
