"""500 answers and look-alikes: ten people in fifty situations, labelled as a person would judge them.

Written before the matcher was tuned on them. A case is one request, with the posts before and after it. The label
is about the last post only: is it an answer to *this* request or not?
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mentions.tests.platforms import said

ANSWER, OTHER = "answer", "other"


@dataclass(frozen=True)
class Expert:
    """A colleague, the accounts known to the desk, and how they write their name on other accounts."""

    name: str
    handle: str
    aliases: tuple[str, str, str]
    """Display name with an addition; handle from name and initial; name without accents or in reverse order."""


EXPERTS = (
    Expert("Nadia Petrova", "npetrova", ("Nadia Petrova 🚀", "petrova_n", "Petrova Nadia")),
    Expert("Tom Brennan", "tbrennan", ("Tom Brennan (Acme)", "tomb", "Brennan, Tom")),
    Expert("Zoë Müller", "zoem", ("Zoë Müller | Acme", "zmueller", "Zoe Mueller")),
    Expert("José García", "jgarcia", ("José García – he/him", "josegarcia", "Jose Garcia")),
    Expert("Li Wei", "liwei", ("Li Wei @ Acme", "wei-li", "Wei Li")),
    Expert("Aoife O'Brien", "aobrien", ("Aoife O’Brien", "aoife_obrien", "Aoife OBrien")),
    Expert("Priya Raman", "praman", ("Dr. Priya Raman", "priyar", "priya raman")),
    Expert("Søren Kjær", "skjaer", ("Søren Kjær, Acme", "sorenkjaer", "Soren Kjaer")),
    Expert("Ama Owusu", "aowusu", ("★ Ama Owusu ★", "ama.owusu", "AMA OWUSU")),
    Expert("Jean-Luc Martin", "jlmartin", ("Jean-Luc Martin [Acme]", "jean_luc_martin", "Jean Luc Martin")),
)
QUESTIONS = (
    "How do I cache with Acme?",
    "Acme keeps failing with a 502, anyone?",
    "Is there a way to run Acme behind a proxy",
    "Acme CI vs the others: what do you use?",
    "wie installiere ich Acme auf einem Raspberry Pi?",
    "Why does Acme need root?!",
    "Does acme support LDAP groups?",
    "We moved 40 repos to Acme. The runner queue is slow.",
    "Acme の設定はどこですか",
    "price of acme for a school?",
)
ANSWERS = (
    "Set a cache key per branch; the docs have an example.",
    "That was fixed in 15.2. Could you try again?",
    "Yes: HTTPS_PROXY works for the runner, too.",
    "k",
    "Das geht mit dem ARM-Paket.",
    "It doesn't any more. https://docs.acme.example/rootless",
    "> Does acme support LDAP groups?\n\nIt does, since March.",
    "We know, and there's an issue on the horizon: acme.example/issues/7",
    "設定画面の「一般」にあります。",
    "Schools pay nothing. Write to us and we set it up.",
)
INTERIM = (
    "Thanks for asking! We'll check with our engineers.",
    "Good question, let me ask the team.",
    "We're looking into it.",
    "Hi! I've passed this on and will be back with an answer.",
    "Danke, wir fragen nach.",
    "Asking around, hang on.",
    "I don't know, but I know who does. Back soon!",
    "Thanks, noted. Somebody will get back to you.",
    "確認します。",
    "One moment please, checking with our experts.",
)
DISCLOSURES = (
    "Acme engineer here: set a cache key.",
    "Disclosure: I work at Acme. It was fixed in 15.2.",
    "(I work for Acme.) HTTPS_PROXY works.",
    "I'm on the CI team at Acme, and I use it for everything.",
    "Acme employee here. There is an ARM package.",
    "Hi, product manager at Acme here! Root is gone since 14.0.",
    "full disclosure, acme team member: yes, since March",
    "I am an engineer at Acme and we know about the queue.",
    "Support engineer @ Acme here, see the general settings.",
    "Speaking as somebody who works at Acme: schools pay nothing.",
)
NO_DISCLOSURES = (
    "I used to work at Acme, ages ago.",
    "We work with Acme every day and it's fine.",
    "Does anybody here work at Acme?",
    "My friend works at Acme and hates it.",
    "I don't work for Acme, but try a cache key.",
    "Acme's engineers should answer here.",
    "I'd love to work at Acme.",
    "Not an Acme employee, just a fan.",
    "Somebody from Acme said it works.",
    "I'm on the CI team at Initech, same thing here.",
)
STRANGERS = ("Bob Ross", "kube_fan", "Anna K.", "null", "Hugo", "Deploy Dave", "Mei Chen", "root", "Ivo", "Rosa L.")


@dataclass
class Case:
    """One request and the posts around it, with its own ids and accounts."""

    key: str
    n: int
    label: str
    before: list[dict[str, Any]] = field(default_factory=list)
    after: list[dict[str, Any]] = field(default_factory=list)
    asks: str = "expert"
    """`expert` (a person) or `topic` (a team)."""
    people: dict[str, str] = field(default_factory=dict)
    """Account → name of a team member; prefix `user:` for the community team, `brand:` for our handle."""
    mail: bool = False
    ended_days: float = 0
    """How long before the last post the request ended without an answer; 0 if it is still open."""
    draft: str = ""
    also_asked_on: str = ""
    """The external id of a second mention that the same expert was asked about."""
    sent_by_desk: bool = False
    is_found_by_search: bool = False
    """The last post came in as a separate mention, not with the thread."""

    @property
    def expert(self) -> Expert:
        return EXPERTS[self.n]

    def id(self, name: str) -> str:
        return f"{self.key}-{self.n}-{name}"

    @property
    def account(self) -> str:
        return self.id(self.expert.handle)

    def post(
        self, name: str, /, author: str, hours: float, text: str, parent: str = "q", **more: Any
    ) -> dict[str, Any]:
        """A post in the thread of the mention; the mention itself is a comment on a story."""
        above = {"parent": None if self.mail and name == "q" else self.id(parent)}
        shown = more.pop("name", None)
        post = said(self.id(name), author, hours=hours, thread=self.id("story"), text=text, **above, **more)
        return post if shown is None else {**post, "author": {**post["author"], "name": shown}}

    def question(self) -> None:
        self.before.append(self.post("q", self.id("ann"), -2, QUESTIONS[self.n], parent="story"))

    def known(self) -> str:
        """Registers the expert's account with the desk and returns it."""
        self.people[self.account] = self.expert.name
        return self.account

    def colleague(self, name: str = "Robin Vale") -> str:
        account = self.id("robin")
        self.people[account] = name
        return account

    def ends(self, author: str, text: str = "", hours: float = 0, parent: str = "q", **more: Any) -> None:
        """Adds the post that the label is about."""
        hours = hours or (0.02, 0.5, 1, 3, 7, 20, 26, 60, 100, 150)[self.n]
        self.after.append(self.post("end", author, hours, text or ANSWERS[self.n], parent, **more))


SITUATIONS: dict[str, tuple[str, Callable[[Case], None]]] = {}


def situation(label: str) -> Callable[[Callable[[Case], None]], Callable[[Case], None]]:
    def keep(build: Callable[[Case], None]) -> Callable[[Case], None]:
        SITUATIONS[build.__name__] = (label, build)
        return build

    return keep


def cases() -> Iterator[Case]:
    """All cases, the same on every run."""
    for name, (label, build) in SITUATIONS.items():
        for n in range(len(EXPERTS)):
            case = Case(name, n, label)
            case.is_found_by_search = n % 2 == 1
            case.mail = name.startswith("mail_")
            case.question()
            build(case)
            yield case


# --- answers ----------------------------------------------------------------------------------------------------------


@situation(ANSWER)
def expert_answers_below_the_mention(case: Case) -> None:
    case.ends(case.known())


@situation(ANSWER)
def expert_answers_beside_the_mention(case: Case) -> None:
    case.ends(case.known(), parent="story")


@situation(ANSWER)
def expert_answers_beside_it_by_the_askers_name(case: Case) -> None:
    case.ends(case.known(), f"@{case.id('ann')} {ANSWERS[case.n]}", parent="story")


@situation(ANSWER)
def expert_answers_the_askers_second_question(case: Case) -> None:
    case.after.append(case.post("q2", case.id("ann"), 0.01, "Anybody?"))
    case.ends(case.known(), parent="q2")


@situation(ANSWER)
def expert_answers_below_our_interim_reply(case: Case) -> None:
    case.people[case.id("acme")] = "brand:Acme"
    case.before.append(case.post("interim", case.id("acme"), -1, INTERIM[case.n]))
    case.ends(case.known(), parent="interim")


@situation(ANSWER)
def expert_answers_below_a_bystander_below_the_mention(case: Case) -> None:
    case.after.append(case.post("same", case.id("bob"), 0.01, "Same here."))
    case.ends(case.known(), parent="same")


@situation(ANSWER)
def expert_answers_a_bystander_three_levels_down(case: Case) -> None:
    case.before.append(case.post("b1", case.id("bob"), -1, "Same here."))
    case.before.append(case.post("b2", case.id("eve"), -0.9, "Me, too.", parent="b1"))
    case.after.append(case.post("b3", case.id("ann"), 0.01, "Still no answer", parent="b2"))
    case.ends(case.known(), parent="b3")


@situation(ANSWER)
def another_expert_answers(case: Case) -> None:
    case.ends(case.colleague("expert:Robin Vale"))


@situation(ANSWER)
def a_colleague_nobody_asked_answers(case: Case) -> None:
    case.ends(case.colleague())


@situation(ANSWER)
def a_colleague_nobody_asked_answers_beside_it(case: Case) -> None:
    case.ends(case.colleague(), parent="story")


@situation(ANSWER)
def an_expert_of_the_team_that_was_asked_answers(case: Case) -> None:
    case.asks = "topic"
    case.ends(case.known())


@situation(ANSWER)
def a_colleague_answers_for_the_team_that_was_asked(case: Case) -> None:
    case.asks = "topic"
    case.ends(case.colleague())


@situation(ANSWER)
def an_advocate_knows_it_after_all_and_answers_as_themselves(case: Case) -> None:
    case.people[case.id("maria")] = "user:Maria Silva"
    case.ends(case.id("maria"))


@situation(ANSWER)
def somebody_answers_by_our_handle(case: Case) -> None:
    case.people[case.id("acme")] = "brand:Acme"
    case.ends(case.id("acme"))


@situation(ANSWER)
def the_draft_is_posted_by_our_handle(case: Case) -> None:
    case.people[case.id("acme")] = "brand:Acme"
    case.draft = f"{ANSWERS[case.n]} It is in the manual, page {case.n}."
    case.ends(case.id("acme"), case.draft)


@situation(ANSWER)
def expert_answers_under_the_same_name_by_an_unknown_account(case: Case) -> None:
    case.ends(case.id("x7"), name=case.expert.name)


@situation(ANSWER)
def expert_answers_under_the_name_with_an_addition(case: Case) -> None:
    case.ends(case.id("x7"), name=case.expert.aliases[0])


@situation(ANSWER)
def expert_answers_under_a_handle_made_of_the_name(case: Case) -> None:
    handle = case.expert.aliases[1]
    case.ends(case.id("x7"), name="", parent="q")
    case.after[-1]["author"]["handle"] = handle


@situation(ANSWER)
def expert_answers_under_the_name_in_other_letters_or_order(case: Case) -> None:
    case.ends(case.id("x7"), name=case.expert.aliases[2])


@situation(ANSWER)
def unknown_account_says_that_it_works_here(case: Case) -> None:
    case.ends(case.id("x7"), DISCLOSURES[case.n], name=STRANGERS[case.n])


@situation(ANSWER)
def expert_answers_after_the_request_had_ended(case: Case) -> None:
    case.ended_days = 1 + case.n
    case.ends(case.known(), hours=24 * 3 + case.n)


@situation(ANSWER)
def mail_expert_answers(case: Case) -> None:
    case.ends(case.known(), is_own=True)


@situation(ANSWER)
def mail_expert_answers_from_home(case: Case) -> None:
    case.ends(case.id("home"), name=case.expert.name)


@situation(ANSWER)
def expert_was_asked_twice_in_the_thread_and_answers_below_this_one(case: Case) -> None:
    case.before.append(case.post("other", case.id("bob"), -1.5, "Acme and proxies?", parent="story"))
    case.also_asked_on = case.id("other")
    case.ends(case.known())


@situation(ANSWER)
def expert_answers_twice(case: Case) -> None:
    case.ends(case.known())
    case.after.append(case.post("more", case.account, 200, "And one thing more."))


# --- look-alikes ------------------------------------------------------------------------------------------------------


@situation(OTHER)
def expert_had_written_before_the_request(case: Case) -> None:
    case.before.append(case.post("end", case.known(), -1, ANSWERS[case.n], parent="story"))


@situation(OTHER)
def expert_had_answered_a_stranger_there_before(case: Case) -> None:
    case.before.append(case.post("bob", case.id("bob"), -1.5, "Nice article.", parent="story"))
    case.before.append(case.post("end", case.known(), -1, "Thank you!", parent="bob"))


@situation(OTHER)
def expert_answers_somebody_else_in_the_thread(case: Case) -> None:
    case.before.append(case.post("bob", case.id("bob"), -1, "And what about LDAP?", parent="story"))
    case.ends(case.known(), parent="bob")


@situation(OTHER)
def expert_answers_deep_below_somebody_else(case: Case) -> None:
    case.before.append(case.post("bob", case.id("bob"), -1, "And what about LDAP?", parent="story"))
    case.before.append(case.post("eve", case.id("eve"), -0.5, "Good point.", parent="bob"))
    case.ends(case.known(), parent="eve")


@situation(OTHER)
def expert_answers_a_post_that_the_desk_has_not_read(case: Case) -> None:
    case.ends(case.known(), parent="unread")


@situation(OTHER)
def expert_writes_in_another_thread(case: Case) -> None:
    case.ends(case.known(), parent="elsewhere")
    case.after[-1]["thread_id"] = case.id("elsewhere")


@situation(OTHER)
def expert_answers_another_mention_there_that_they_were_asked_about(case: Case) -> None:
    case.before.append(case.post("other", case.id("bob"), -1.5, "Acme and proxies?", parent="story"))
    case.also_asked_on = case.id("other")
    case.ends(case.known(), parent="other")


@situation(OTHER)
def colleague_answers_somebody_else_in_the_thread(case: Case) -> None:
    case.before.append(case.post("bob", case.id("bob"), -1, "And what about LDAP?", parent="story"))
    case.ends(case.colleague(), parent="bob")


@situation(OTHER)
def stranger_answers(case: Case) -> None:
    case.ends(case.id("x7"), name=STRANGERS[case.n])


@situation(OTHER)
def stranger_talks_about_working_here(case: Case) -> None:
    case.ends(case.id("x7"), NO_DISCLOSURES[case.n], name=STRANGERS[case.n])


@situation(OTHER)
def stranger_of_the_same_first_name_answers(case: Case) -> None:
    case.ends(case.id("x7"), name=case.expert.name.split()[0])


@situation(OTHER)
def stranger_of_the_same_last_name_answers(case: Case) -> None:
    case.ends(case.id("x7"), name=f"Kim {case.expert.name.split()[-1]}")


@situation(OTHER)
def stranger_of_the_same_name_writes_to_somebody_else(case: Case) -> None:
    case.before.append(case.post("bob", case.id("bob"), -1, "Nice article.", parent="story"))
    case.ends(case.id("x7"), "I liked it, too.", parent="bob", name=case.expert.name)


@situation(OTHER)
def stranger_of_the_same_name_writes_elsewhere(case: Case) -> None:
    case.ends(case.id("x7"), parent="elsewhere", name=case.expert.name)
    case.after[-1]["thread_id"] = case.id("elsewhere")


@situation(OTHER)
def stranger_takes_our_name(case: Case) -> None:
    case.ends(case.id("x7"), "Send us your password, we help.", name="Acme Support")


@situation(OTHER)
def the_asker_writes_again(case: Case) -> None:
    case.ends(case.id("ann"), "Anybody?")


@situation(OTHER)
def the_asker_quotes_an_answer(case: Case) -> None:
    case.ends(case.id("ann"), f"> {ANSWERS[case.n]}\n\nThat is what {case.expert.name} told me; it doesn't work.")


@situation(OTHER)
def the_desk_sends_an_interim_reply(case: Case) -> None:
    case.people[case.id("acme")] = "brand:Acme"
    case.sent_by_desk = True
    case.ends(case.id("acme"), INTERIM[case.n])


@situation(OTHER)
def our_handle_says_that_we_ask(case: Case) -> None:
    case.people[case.id("acme")] = "brand:Acme"
    case.ends(case.id("acme"), INTERIM[case.n])


@situation(OTHER)
def an_advocate_says_that_we_ask(case: Case) -> None:
    case.people[case.id("maria")] = "user:Maria Silva"
    case.ends(case.id("maria"), INTERIM[case.n])


@situation(OTHER)
def expert_says_that_they_will_look(case: Case) -> None:
    case.people[case.id("acme")] = "brand:Acme"
    case.before.append(case.post("bob", case.id("bob"), -1, "Who wrote this?", parent="story"))
    case.ends(case.known(), INTERIM[case.n], parent="bob")


@situation(OTHER)
def expert_deletes_the_post(case: Case) -> None:
    case.ends(case.known(), is_deleted=True)


@situation(OTHER)
def mail_expert_is_out_of_office(case: Case) -> None:
    case.ends(case.known(), "I am away until Monday.", is_own=True, is_auto=True)


@situation(OTHER)
def mail_somebody_pretends_to_be_the_expert(case: Case) -> None:
    case.known()
    case.ends(case.account, "Click here.", name=case.expert.name)  # the sender isn't verified


@situation(OTHER)
def expert_writes_weeks_after_the_request_had_ended(case: Case) -> None:
    case.ended_days = 15 + case.n
    case.ends(case.known(), hours=24 * (20 + case.n))
