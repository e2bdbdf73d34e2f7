"""The practice tickets: who says what and where, the right action, and the macros and links beside it. The company and
its people are made up."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mentions.models import Ticket

Words = str | Promise
REPLY, ASK, PARK, NO_REPLY = "reply", "ask", "park", "no-reply"
SUPPORT = "support"
TEAMS: dict[str, Words] = {
    "docs": _("Documentation"),
    "pricing": _("Pricing and plans"),
    "product": _("Product"),
    SUPPORT: _("Support"),
}
"""Teams that can be asked."""


@dataclass(frozen=True, slots=True)
class Check:
    """`pattern` must occur, or, with `forbidden`, must not. `praise`: what is good if it passes."""

    pattern: re.Pattern[str]
    problem: Words
    praise: Words = ""
    forbidden: bool = False

    def fails(self, text: str) -> bool:
        return bool(self.pattern.search(text)) is self.forbidden


@dataclass(frozen=True, slots=True)
class Link:
    """A result of the lookup; `is_internal`: only for the team."""

    title: Words
    url: str
    is_internal: bool = False


@dataclass(frozen=True, slots=True)
class Exercise:
    """`deed`: what is to be done; `wrong`: why each of the others isn't. `checks` are of the text that goes with the
    deed; `choice`: the team to ask, or the reason for no reply."""

    slug: str
    platform: str
    where: Words
    account: str
    who: str
    handle: str
    text: Words
    minutes_old: int
    deed: str
    why: Words
    wrong: dict[str, Words]
    checks: Sequence[Check] = ()
    choice: str = ""
    links: Sequence[Link] = field(default=())


@dataclass(frozen=True, slots=True)
class Macro:
    """`pk`: as in its address. `text` may have {name}."""

    pk: str
    name: Words
    description: Words
    text: Words


MACROS = (
    Macro("thank-and-link", _("Thank and link"), _("Thanks, and room for a link"),
          _("Thank you, {name}! This page has the details: ")),
    Macro("ask-for-details", _("Ask for details"), _("Which installation, which version"),
          _("Thanks for telling us, {name}! Which version is it, and is it your own installation or ours?")),
    Macro("open-an-issue", _("Invite to open an issue"), _("For ideas and bugs without an issue"),
          _("Thanks for the idea, {name}! Please open an issue, so that others can join: https://issues.acme.example/new")),
)  # fmt: skip


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_PUBLIC_LINK = Check(
    _words(r"https?://(docs|forum|issues)\.acme\.example/\w"),
    _("Add a public link to the page that answers it: see “Find an answer”."),
    _("You gave a public link to look it up."),
)
_INTERNAL_LINK = Check(
    _words(r"https?://[^\s/]*(\.internal|\.local|\bslack\.com|\bdocs\.google\.com)\b"),
    _("Take the internal link out: only the team can open it."),
    forbidden=True,
)
_PROMISE = Check(
    _words(
        r"\b(promise|guarantee|definitely|for sure|will be (fixed|released|shipped|done)|"
        r"next (release|week|month)|soon)\b"
    ),
    _("Promise nothing: no date, no release, no “soon”."),
    forbidden=True,
)
_PRICE = Check(
    _words(r"[$€£]\s?\d|\d\s?%"),
    _("No prices or percentages until somebody has confirmed them."),
    forbidden=True,
)
_BLAME = Check(
    _words(r"\b(obviously|just read|rtfm|you should have|your (own )?fault|as i said|clearly)\b"),
    _("Don’t blame them: no “obviously”, no “you should have”."),
    forbidden=True,
)
_SECRETS = Check(
    _words(r"\b(password|passphrase|api key|access token|credit card)\b"),
    _("Never ask for secrets in public."),
    forbidden=True,
)
_RIVALS = Check(
    _words(r"\b(forgely|competitors?)\b"),
    _("Leave competitors out of it."),
    forbidden=True,
)
_THANKS = Check(
    _words(r"\b(thanks?|thank you|appreciate|glad|great (question|to hear))\b"),
    _("Start on a positive note, such as a thank-you."),
    _("It starts on a positive note."),
)
_EVERYWHERE = (_INTERNAL_LINK, _PROMISE, _PRICE, _BLAME, _SECRETS, _RIVALS)

EXERCISES = (
    Exercise(
        "question", "twitter", _("Twitter"), "Acme · @acme", "Rosa", "@rosa_builds",
        _("Love the new runners, @acme! But how do I keep my cache between two jobs? The docs are a maze."),
        minutes_old=95,
        deed=REPLY,
        why=_("The documentation answers it, so you can: no expert is needed."),
        wrong={
            ASK: _("No expert is needed: the documentation answers it. Look under “Find an answer”, and reply."),
            PARK: _("Don’t keep her waiting: the documentation answers it. Look under “Find an answer”, and reply."),
            NO_REPLY: _("She asked something: nearly everybody gets an answer. Reply."),
        },
        checks=(
            _THANKS,
            Check(_words(r"\bcach"), _("Answer the question: it is about the cache."), _("You answered the question.")),
            _PUBLIC_LINK,
            *_EVERYWHERE,
        ),
        links=(
            Link(_("Keep a cache between jobs"), "https://docs.acme.example/runners/cache"),
            Link(_("Runners: first steps"), "https://docs.acme.example/runners/start"),
            Link(_("Runner fleet: notes on call"), "https://wiki.acme.internal/runners", is_internal=True),
        ),
    ),
    Exercise(
        "trouble", "discourse", _("Forum"), "Acme · acme", "Imre", "imre_k",
        _("Half of my repositories have been empty since this morning. I may lose my job. Anybody there?"),
        minutes_old=40,
        deed=ASK,
        choice=SUPPORT,
        why=_("It may be an outage or data loss: the people who can look into it must know before anybody answers. "
              "On your day, the desk then offers an interim reply: say you’re sorry, and that you have asked."),
        wrong={
            REPLY: _("Don’t answer on your own: it may be data loss. Ask the people who can look."),
            PARK: _("Parked, nobody knows about it, and it may be data loss. Ask the people who can look."),
            NO_REPLY: _("He needs help, and it may be data loss. Ask the people who can look."),
        },
        checks=(
            Check(_words(r"\b(repo|empty|data|lost|loss|missing|outage)"),
                  _("Say what happened, in a few words: they see only what you write."),
                  _("You told them what happened.")),
            _BLAME,
        ),
        links=(
            Link(_("Status page"), "https://status.acme.example/"),
            Link(_("Restoring a repository"), "https://docs.acme.example/repositories/restore"),
        ),
    ),
    Exercise(
        "rival", "twitter", _("Twitter"), "Acme · @acme", "Joe", "@joe_deploys",
        _("Moved my side project to @forgely last night. Ten minutes, and it just works. Best there is. Sorry @acme!"),
        minutes_old=15,
        deed=NO_REPLY,
        choice=Ticket.NoReply.COMPETITOR,
        why=_("Posts that only praise or attack a competitor aren’t answered: that would look like an argument."),
        wrong={
            REPLY: _("Nothing was asked: it only praises a competitor. An answer would look like an argument."),
            ASK: _("There is nothing to ask anybody: it only praises a competitor."),
            PARK: _("There is nothing to wait for: it only praises a competitor."),
        },
        links=(Link(_("Moving to Acme"), "https://docs.acme.example/moving"),),
    ),
)  # fmt: skip
BY_SLUG = {exercise.slug: exercise for exercise in EXERCISES}


def find(slug: str) -> Exercise | None:
    return BY_SLUG.get(slug)
