"""Acme colleagues who ask the community team in Slack, and their messages."""

from __future__ import annotations

import random
from dataclasses import dataclass

from sandbox.base.acts import Act, Timed
from sandbox.stories.grammar import expand
from sandbox.world import Member, member

ROOMS = ("community-advocates", "community-relations", "education-oss", "swag")
"""Where colleagues ask the team."""
EMOJI = "ticket"
"""Added to a message the team should handle although it isn't a question."""


@dataclass(frozen=True, slots=True)
class Colleague:
    key: str
    name: str
    role: str
    slack_id: str
    time_zone: str = "Europe/Berlin"

    @property
    def email(self) -> str:
        return f"{self.key}@acme.example"


COLLEAGUES = (
    Colleague("ines", "Ines Almeida", "Field Marketing Manager", "U0000C001", "Europe/Lisbon"),
    Colleague("peter", "Peter Novak", "Account Executive", "U0000C002", "Europe/Prague"),
    Colleague("sadia", "Sadia Malik", "Recruiter", "U0000C003", "Asia/Karachi"),
    Colleague("owen", "Owen Hughes", "Support Engineer", "U0000C004", "Europe/London"),
    Colleague("linh", "Linh Tran", "Product Designer", "U0000C005", "Asia/Ho_Chi_Minh"),
    Colleague("marta", "Marta Kowalska", "Events Lead", "U0000C006", "Europe/Warsaw"),
)
Person = Member | Colleague


def person(account: str) -> Person | None:
    """By key or Slack id."""
    wanted = account.lstrip("@").lower()
    known = next((c for c in COLLEAGUES if wanted in (c.key, c.slack_id.lower(), c.email)), None)
    return known or member(account)


_RULES = {
    "event": ("the meetup in Porto", "our booth in Berlin", "the university hackathon", "the contributors' day"),
    "thing": ("50 stickers", "twenty T-shirts", "a box of socks", "speaker gifts"),
    "account": ("the brand account", "the community newsletter", "the forum", "our Mastodon account"),
    "program": ("the education program", "the open source program", "the startup program"),
    "school": ("a university in Recife", "a school in Kraków", "a bootcamp in Nairobi"),
    "deadline": ("Thursday", "the end of the week", "tomorrow noon", "next Monday"),
}
_SAID: dict[str, dict[str, tuple[str, ...]]] = {
    "question": {
        "community-advocates": (
            "Who can tweet about {event} from {account}? It is on <https://acme.example/events|our events page>.",
            "A customer asks me on Twitter whether we sponsor {event}. Do we?",
            "Is there a saved answer for people who ask about {program}?",
        ),
        "community-relations": (
            "Could we get a slot in {account} for {event}? I need to know until {deadline}.",
            "Does anybody know who runs {event} this year?",
        ),
        "education-oss": (
            "{school} wants to join {program}. Which form do they fill in?",
            "How long does {program} take to answer at the moment?",
        ),
        "swag": (
            "Can I have {thing} sent to {event} until {deadline}?",
            "Who orders {thing} these days?",
        ),
    },
    "review": {
        "": (
            "Please review this draft of a reply before {deadline}: *“Thank you for the report! We are on it.”*",
            "My draft for {account} is ready for review: <https://docs.acme.example/draft/12|the draft>",
            "A second pair of eyes needed on the post about {event}, please.",
        )
    },
    "emoji": {
        "": (
            "Somebody on the forum is upset about {program}, worth an answer from us.",
            "I promised {thing} to a speaker of {event} and forgot.",
        )
    },
    "aside": {
        "": (
            "Happy Friday everybody :tada:",
            "Thanks for the help with {event} yesterday!",
            "FYI: I am out until {deadline}.",
            "The numbers of {event} are in: <https://acme.example/numbers?from=2026|dashboard>",
        )
    },
    "answer": {
        "": (
            "Yes, I will take care of it before {deadline}.",
            "I asked around, it is on its way.",
            "Done! Tell me if anything is missing.",
            "Please use the form in the handbook, then it lands with us.",
        )
    },
    "thanks": {"": ("Thank you so much!", "Great, thanks :pray:", "Perfect, that helps.")},
    "more": {"": ("And could it be done before {deadline}?", "One more thing: does that hold for {program}, too?")},
}
KINDS = ("question",) * 6 + ("review",) * 2 + ("emoji",) * 2 + ("aside",) * 3


def say(random_: random.Random, kind: str, room: str = "") -> str:
    rules = _SAID[kind]
    return expand(random_.choice(rules.get(room) or rules.get("") or rules[ROOMS[0]]), random_, _RULES)


def opening(random_: random.Random, key: str, kind: str, room: str, author: str) -> Timed:
    """Somebody posts outside any thread; messages that get the emoji get it a little later."""
    kind = kind if kind in KINDS else random_.choice(KINDS)
    room = room.lstrip("#") or random_.choice(ROOMS)
    who = author or random_.choice(COLLEAGUES).key
    acts: Timed = [
        (0.0, Act("slack", "post", who, say(random_, kind, room), key=key, kind=kind, more={"channel": room}))
    ]
    if kind == "emoji" and key:
        by = random_.choice([c.key for c in COLLEAGUES if c.key != who])
        acts.append((random_.uniform(30, 600), Act("slack", "react", by, EMOJI, parent=f"~{key}")))
    return acts
