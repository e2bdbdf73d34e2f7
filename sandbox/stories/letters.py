"""Emails to the aliases, and the team's replies."""

from __future__ import annotations

import random
from typing import Any

from sandbox.base.acts import Act
from sandbox.stories import english, languages
from sandbox.stories.grammar import expand
from sandbox.stories.topics import TOPICS
from sandbox.stories.voices import Voice, somebody
from sandbox.world import ADVOCATES, EXPERTS

LETTERS: dict[str, dict[str, tuple[tuple[str, str], ...]]] = {
    "merch": {
        "question": (
            (
                "Order #{number}-A not arrived",
                "my order #{number}-A was shipped {days} weeks ago and has not arrived. Could you have a look?",
            ),
            ("{item}: size", "I won {item} at the meetup in {country} but they are too small. Can I swap them for L?"),
            ("Stickers for {who}", "could we get a few stickers for {who}? About {number} would be great."),
            ("Shipping to {country}?", "do you ship {item} to {country}, and what about customs?"),
        ),
        "praise": (
            ("{item}!", "{item} arrived today and they are the best swag I ever got. Thank you from {country}!"),
        ),
    },
    "community": {
        "question": (
            (
                "Speaker for our meetup",
                "we organise a meetup on {thing} in May and look for a speaker from Acme. {number} "
                "people usually come.",
            ),
            ("Hackathon in {country}", "would Acme support our hackathon with licences for {who}?"),
            ("Contributing to the docs", "I'd like to fix {page} in the docs, how do I start?"),
            ("How to {goal}", "I could not find out how to {goal}. The forum sent me here."),
        ),
        "bug": (("{failing}", '{since} {failing}. We see "{error}" in the log. Is that known?'),),
        "praise": (("Thank you for {thing}", "just wanted to say that {thing} is great. {who} loves it."),),
        "spam": (
            (
                "Guest post on your blog",
                "we offer high quality guest posts with dofollow links. Price list attached. Reply with YES.",
            ),
            ("RE: RE: invoice {number}", "dear sir, kindly find invoice and pay today by wire."),
        ),
    },
    "movingtoacme": {
        "moving": (
            (
                "We moved {number} projects from {tool}",
                "after {days} months with {tool} we moved {number} projects to Acme. "
                "Happy to tell the story on your blog.",
            ),
            (
                "Importing from {tool}",
                "we plan to move {number} repositories from {tool}. Does the importer keep comments?",
            ),
        ),
    },
    "education": {
        "application": (
            (
                "Application: Acme for Education",
                "Institution: University of Nowhere\nCourse: Software Engineering\n"
                "Students: {number}\n\nPlease find the signed form attached.",
            ),
            (
                "Renewal of our education licence",
                "our licence for {number} students ends this month. How do we renew it?",
            ),
        ),
    },
    "opensource": {
        "application": (
            (
                "Application: Acme for Open Source",
                "Project: libfrob\nLicence: MIT\nMaintainers: {days}\n"
                "URL: https://code.example/libfrob\n\nWe would like to use {thing} for our builds.",
            ),
            (
                "Open source plan for our project",
                "does a project under AGPL qualify for the open source plan? We'd like to {goal}.",
            ),
        ),
    },
    "startups": {
        "application": (
            (
                "Startup programme",
                "we are a team of {number} and raised a seed round in May. Do we qualify for the programme?",
            ),
        ),
    },
    "sam": {
        "question": (
            (
                "Nice to meet you at the conference",
                "Sam, good to meet you last week. You mentioned one can {goal}, where is that written down?",
            ),
            ("Podcast?", "Sam, would you join our podcast to talk about {thing}?"),
        ),
    },
}
MAIL_RULES: dict[str, tuple[str, ...]] = {
    "country": ("Brazil", "Kenya", "Norway", "Japan", "Chile", "India", "Austria", "Nigeria", "Canada", "Portugal"),
    "item": ("socks", "hoodies", "T-shirts", "stickers", "mugs", "enamel pins", "notebooks", "caps"),
}
ALIASES = ("merch",) * 5 + ("community",) * 6 + ("movingtoacme",) * 2 + ("education",) * 4 + ("opensource",) * 3 + (
    "startups",) * 2 + ("sam",) * 2  # fmt: skip
FORMS = ("plain",) * 8 + ("alternative",) * 6 + ("html",) * 2 + ("attachment",) * 3 + ("latin1",) + ("quoted",)
SIGNATURES = (
    "",
    "",
    "\n\n-- \n{name}\n+49 30 000{number}",
    "\n\nSent from my phone",
    "\n\nBest,\n{name}",
    "\n\nCheers\n{name}",
)


def letter(random_: random.Random, key: str, kind: str = "", to: str = "", author: str = "") -> tuple[Voice, Act]:
    """A customer's mail to one alias, sometimes to two."""
    alias = to.split("@")[0] or random_.choice([a for a in ALIASES if not kind or kind in LETTERS[a]] or ALIASES)
    kinds = LETTERS.get(alias, LETTERS["community"])
    kind = kind if kind in kinds else random_.choice(list(kinds))
    lang = random_.choice(("en",) * 9 + tuple(languages.MAILS)) if kind in ("question", "application") else "en"
    voice = somebody(random_, lang)
    subject, body = random_.choice(kinds[kind] if lang == "en" else languages.MAILS[lang])
    rules = (TOPICS[random_.choice(list(TOPICS))], {"name": (voice.name,)}, MAIL_RULES, english.COMMON)
    greeting = (
        random_.choice(("Hi,\n\n", "Hello Acme,\n\n", "Dear team,\n\n", "Hey there,\n\n", "")) if lang == "en" else ""
    )
    whole = f"{subject}\x1f{greeting}{body}{random_.choice(SIGNATURES)}"  # one expansion: same choices throughout
    subject, text = (part.strip() for part in expand(whole, random_, *rules).split("\x1f"))
    text = text.replace("\n--\n", "\n-- \n")  # the space is part of the delimiter (RFC 3676, 4.3)
    more: dict[str, Any] = {
        "subject": subject,
        "to": [alias] if random_.random() > 0.06 else [alias, random_.choice([a for a in LETTERS if a != alias])],
        "name": voice.name,
        "form": _form(kind, lang, random_),
        "lang": lang,
    }
    return voice, Act("email", "post", author or voice.address, text, key=key, kind=kind, more=more)


def _form(kind: str, lang: str, random_: random.Random) -> str:
    if lang == "ja":
        return "iso2022jp"
    if kind == "application":
        return random_.choice(("attachment", "plain"))
    form = random_.choice(FORMS)
    return form if form != "quoted" else "alternative"


def noise(random_: random.Random, key: str) -> Act:
    """Automatic mail: a newsletter, an out-of-office note, a calendar invitation."""
    form, author, subject, text = random_.choice(
        (
            ("newsletter", "news@devweekly.example", "DevWeekly #{number}", "This week: {thing}, {goal}, and more."),
            ("autoreply", "ada.reid@univ.example", "Automatic reply: your mail", "I am out of office until Monday."),
            ("calendar", "events@coop.example", "Invitation: Meetup on {thing}", "You are invited."),
            ("newsletter", "noreply@tickets.example", "Your weekly digest", "{number} new tickets, {days} overdue."),
        )
    )
    rules = (TOPICS[random_.choice(list(TOPICS))], english.COMMON)
    more = {"subject": expand(subject, random_, *rules), "to": ["community"], "form": form, "auto": True}
    return Act("email", "post", author, expand(text, random_, *rules), key=key, kind="automatic", more=more)


def forwarded(random_: random.Random, key: str) -> Act:
    """An advocate forwards a customer's mail to the desk: the customer is the requester."""
    voice, first = letter(random_, key)
    who = random_.choice(ADVOCATES[1:])
    text = (
        f"Can somebody take this one? Thanks, {who.name.split()[0]}\n\n---------- Forwarded message ---------\n"
        f"From: {voice.name} <{voice.address}>\nDate: Tue, 3 Nov 2026 at 10:12\nSubject: {first.more['subject']}\n"
        f"To: {who.name} <{who.email}>\n\n{first.text}"
    )
    more = {
        "subject": f"Fwd: {first.more['subject']}",
        "to": ["community"],
        "name": who.name,
        "requester": voice.address,
    }
    return Act("email", "post", who.email, text, key=key, kind="forward", more=more)


def forged(random_: random.Random, key: str) -> Act:
    """Somebody impersonates one of us; our server's checks say otherwise."""
    who = random_.choice(ADVOCATES)
    text = "Are you at your desk? I need ten gift cards for a customer, please send me the codes."
    more = {"subject": "Quick favour", "to": ["community"], "name": who.name, "dkim": "fail"}
    return Act("email", "post", who.email, text, key=key, kind="forged", more=more)


def answer(voice_name: str, random_: random.Random, *, parent: str, key: str) -> Act:
    """The team's reply, from the alias that was written to."""
    rules = (TOPICS[random_.choice(list(TOPICS))], english.COMMON)
    text = expand(random_.choice(english.ANSWERS["mail"]), random_, *rules)
    greeting = f"Hi {voice_name.split()[0]},\n\n"
    author = random_.choice(EXPERTS).key if random_.random() < 0.1 else "team"
    return Act("email", "post", author, greeting + text, parent=parent, key=key, by_team=True)


def follow_up(author: str, name: str, random_: random.Random, *, parent: str, key: str, kind: str = "") -> Act:
    kind = kind or random_.choice(("thanks", "more"))
    rules = (TOPICS[random_.choice(list(TOPICS))], english.COMMON)
    text = expand(random_.choice(english.FOLLOW_UPS[kind]), random_, *rules)
    more = {"name": name, "form": "quoted"}
    return Act("email", "post", author, text, parent=parent, key=key, kind=kind, more=more)
