"""The control API: post, answer, edit, delete, faults, stream, truth. Used by tests, the demo and the buttons at `/`.

A JSON request gets JSON; a form gets a redirect to the result, so the pages' buttons use the same endpoints.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sandbox import clock
from sandbox.base.acts import Act, Impossible
from sandbox.pages.elements import missing
from sandbox.stories import plots
from sandbox.wire.faults import PARTS, Fault
from sandbox.wire.http import Request, Response, Router, json_response, redirect
from sandbox.world import TEAM, member

if TYPE_CHECKING:
    from sandbox.base.universe import Universe
    from sandbox.stream import Stream

Fields = dict[str, Any]
_OF_ACT = frozenset({"platform", "kind", "text", "author", "to", "reply_to"})
MAX_HN_A_SECOND = 900
"""Search returns 1,000 hits of one second and can't be asked for the rest."""


class Control:
    def __init__(self, universe: Universe, stream: Stream) -> None:
        self.universe, self.stream = universe, stream

    def register(self, router: Router) -> None:
        for name, verb in (
            ("post", self.post),
            ("edit", self.edit),
            ("delete", self.delete),
            ("retweet", self.retweet),
            ("answer", self.answer),
            ("faults", self.faults),
            ("faults/clear", self.clear_faults),
            ("stream", self.set_stream),
            ("bulk", self.bulk),
            ("settle", self.settle),
            ("click", self.click),
            ("slack/rename", self.rename),
            ("slack/leave", self.leave),
            ("webhook", self.webhook),
            ("clock", self.put_forward),
            ("quotas/renew", self.renew_quotas),
            ("quotas/use_up", self.use_up_quotas),
        ):
            router.add("POST", f"/control/{name}", self._posted(verb))
        router.add("GET", "/control/state", self.state)
        router.add("GET", "/control/truth", self.truth)
        router.add("GET", "/control/access", self.access)

    def _posted(self, verb: Callable[[Fields], Fields]) -> Callable[[Request], Response]:
        def view(request: Request) -> Response:
            is_form = "urlencoded" in request.headers.get("Content-Type", "")
            try:
                made = verb({n: v for n, v in request.form().items() if v is not None and not (is_form and v == "")})
            except (Impossible, ValueError, KeyError) as error:
                message = f"missing {error}" if isinstance(error, KeyError) else str(error)
                return missing(message) if is_form else json_response({"error": message}, 400)
            return redirect(made.get("url") or "/") if is_form else json_response(made)

        return view

    def _seed(self) -> random.Random:
        return random.Random(f"{self.universe.seed} post {self.universe.store.next_number('post')}")

    # --- verbs ------------------------------------------------------------------------------------------------

    def post(self, data: Fields) -> Fields:
        """Missing fields are generated; a given text is posted unchanged. Extra fields go into the act's `more`."""
        platform, random_ = data["platform"], self._seed()
        kind, to, author = str(data.get("kind", "")), str(data.get("to", "")), str(data.get("author", ""))
        is_given = data.get("text") is not None or bool(data.get("reply_to"))
        act = self._opening(random_, platform, "question" if is_given else kind, to, author)
        if is_given:
            act.kind = kind or "question"
            act.text = str(data.get("text", "Does this work for everybody?"))
            act.more["form"] = "plain"
            if not data.get("title"):
                act.more.pop("title", None)
        act.parent = str(data.get("reply_to", ""))
        if platform == "twitter" and to and f"@{to.lstrip('@')}".lower() not in act.text.lower():
            act.text = f"@{to.lstrip('@')} {act.text}"
        act.more |= {name: value for name, value in data.items() if name not in _OF_ACT}
        if to and platform == "email":
            act.more["to"] = [part.strip() for part in to.split(",")]
        made = self.universe.perform(act)
        return {"id": made.id, "url": made.url, "text": act.text, "author": act.author}

    def _opening(self, random_: random.Random, platform: str, kind: str, to: str, author: str) -> Act:
        self.universe.platform(platform)
        others = plots.others_of(self.universe.platforms)
        if platform in others:
            return others[platform].opening(random_, "", kind=kind, to=to, author=author)[0][1]
        return plots.single(random_, platform, "", kind=kind, to=to, author=author)

    def edit(self, data: Fields) -> Fields:
        act = Act(data["platform"], "edit", "", str(data["text"]), parent=str(data["id"]))
        made = self.universe.perform(act)
        return {"id": made.id, "url": made.url}

    def delete(self, data: Fields) -> Fields:
        made = self.universe.perform(Act(data["platform"], "delete", "", parent=str(data["id"])))
        return {"id": made.id}

    def retweet(self, data: Fields) -> Fields:
        act = Act(data["platform"], "retweet", str(data["author"]), parent=str(data["id"]))
        made = self.universe.perform(act)
        return {"id": made.id, "url": made.url}

    def answer(self, data: Fields) -> Fields:
        """Answer as a team member (key, or any account) or a brand handle, on the platform itself."""
        who, platform = str(data["as"]), data["platform"]
        person = member(who)
        account = self.universe.platform(platform).account(person) if person else who
        if account is None:
            raise Impossible(f"{who} has no account on {platform}")
        act = Act(platform, "post", account.lstrip("@"), str(data["text"]), parent=str(data["id"]), by_team=True)
        made = self.universe.perform(act)
        return {"id": made.id, "url": made.url}

    def put_forward(self, data: Fields) -> Fields:
        """`advance`: seconds."""
        ahead_s = clock.advance(float(data["advance"]))
        self.universe.woken.set()
        return {"ahead_s": ahead_s, "now": clock.now()}

    def renew_quotas(self, data: Fields) -> Fields:
        """Starts new quota windows on all platforms."""
        self.universe.quotas.renew()
        return {}

    def use_up_quotas(self, data: Fields) -> Fields:
        """Uses up every client's quota until the quotas are renewed."""
        self.universe.quotas.use_up()
        return {}

    def click(self, data: Fields) -> Fields:
        """`as` clicks `action` in the Slack message `id`; `chosen`: the member picked from a menu."""
        more = {"chosen": str(data.get("chosen", ""))}
        act = Act("slack", "click", str(data["as"]), str(data["action"]), parent=str(data["id"]), more=more)
        return {"id": self.universe.perform(act).id}

    def rename(self, data: Fields) -> Fields:
        """Renames the Slack channel `channel` to `to`; its id stays."""
        return {"id": self.universe.platform("slack").messages.rename(str(data["channel"]), str(data["to"]))}  # type: ignore[attr-defined]

    def leave(self, data: Fields) -> Fields:
        """Deactivates a Slack member (id)."""
        self.universe.platform("slack").messages.deactivate(str(data["user"]))  # type: ignore[attr-defined]
        return {"id": data["user"]}

    def webhook(self, data: Fields) -> Fields:
        """Sets a platform's webhook to the desk; an empty `url` removes it. `slack-interactivity`: Slack's buttons."""
        self.universe.platform(data["platform"].partition("-")[0])
        self.universe.webhooks.set(data["platform"], str(data.get("url", "")), str(data.get("secret", "")))
        return {"url": data.get("url", "")}

    def faults(self, data: Fields) -> Fields:
        count, seconds = data.get("count"), data.get("seconds")
        fault = Fault(
            str(data.get("platform", "all")),
            str(data["kind"]),
            float(data.get("rate", 1)),
            None if count is None else int(count),
            None if seconds is None else float(seconds),
        )
        if fault.platform != "all" and fault.platform not in PARTS:
            self.universe.platform(fault.platform)
        self.universe.faults.add(fault)
        return {"active": self.universe.faults.active()}

    def clear_faults(self, data: Fields) -> Fields:
        self.universe.faults.clear(data.get("platform"))
        return {"active": self.universe.faults.active()}

    def set_stream(self, data: Fields) -> Fields:
        """`rate` per minute; `reactions`: whether customers react to replies."""
        if "rate" in data:
            self.stream.set_rate(float(data["rate"]))
        if "reactions" in data:
            self.universe.reactions = str(data["reactions"]).lower() in ("true", "1", "yes", "on")
        return {"rate": self.stream.rate, "reactions": self.universe.reactions}

    def bulk(self, data: Fields) -> Fields:
        """`count` mentions now, in one transaction, spread over `platforms`; the same seed gives the same texts."""
        count, names = int(data["count"]), data.get("platforms") or ["twitter", "hackernews", "email"]
        if "hackernews" in names and count / len(names) > MAX_HN_A_SECOND:
            raise ValueError(f"at most {MAX_HN_A_SECOND} on hackernews at once: its search cannot page through more")
        random_ = random.Random(f"bulk {data.get('seed', 0)} {self.universe.store.next_number('bulk')}")
        made: dict[str, list[str]] = {name: [] for name in names}
        story = ""
        with self.universe.store.transaction():
            for number in range(count):
                platform = names[number % len(names)]
                act = plots.one_of_many(random_, platform, story, plots.others_of(self.universe.platforms))
                made[platform].append(self.universe.perform(act).id)
                if platform == "hackernews" and "title" in act.more:
                    story = made[platform][-1]
        return {"ids": made}

    def settle(self, data: Fields) -> Fields:
        """Run everything scheduled (reactions, edits) now, so a test needn't wait."""
        with self.universe.store.transaction():
            for key, doc in list(self.universe.store.all("later").items()):
                self.universe.store.put("later", key, {**doc, "at": 0})
        done = self.universe.do_what_is_due()
        return {"done": done}

    # --- reading ----------------------------------------------------------------------------------------------

    def state(self, request: Request) -> Response:
        universe = self.universe
        return json_response(
            {
                "platforms": {name: platform.counts() for name, platform in universe.platforms.items()},
                "faults": universe.faults.active(),
                "happened": universe.faults.happened,
                "rate": self.stream.rate,
                "reactions": universe.reactions,
                "later": len(universe.store.all("later")),
                "born_at": universe.born_at,
                "overruns": universe.overruns,
            }
        )

    def truth(self, request: Request) -> Response:
        """`?platform=`, and for Twitter `?search=1` if the desk also searches for the word."""
        name = request.query.get("platform", "")
        try:
            platform = self.universe.platform(name)
        except Impossible as error:
            return json_response({"error": str(error)}, 400)
        return json_response({"platform": name, **platform.truth(search=request.query.get("search") in ("1", "true"))})

    def access(self, request: Request) -> Response:
        return json_response(access_of(self.universe))


def access_of(universe: Universe) -> dict[str, dict[str, Any]]:
    """Platform → the settings for a desk's connection to it, and `accounts`: the team's, by member key."""
    return {
        name: asdict(platform.access()) | {"accounts": {m.key: platform.account(m) for m in TEAM}}
        for name, platform in universe.platforms.items()
    }
