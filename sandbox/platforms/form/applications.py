"""The forms on Acme's website, and generated answers."""

from __future__ import annotations

import random
from dataclasses import dataclass

from sandbox.stories import english
from sandbox.stories.grammar import expand
from sandbox.stories.letters import MAIL_RULES
from sandbox.stories.topics import TOPICS
from sandbox.stories.voices import somebody
from sandbox.world import address


@dataclass(frozen=True)
class Form:
    """`questions`: the same form in the lines of the desk's form language."""

    key: str
    title: str
    alias: str
    intro: str
    questions: tuple[str, ...]
    subject: str
    answers: dict[str, tuple[str, ...]]

    @property
    def address(self) -> str:
        return address(self.alias)


_WHO = ("name* | Your name", "email* email | Your email address")
FORMS: dict[str, Form] = {
    form.key: form
    for form in (
        Form(
            "education",
            "Acme for Education",
            "education",
            "Free for teaching and for non-commercial research. Tell us about your school.",
            (
                *_WHO,
                "institution* | School or university",
                "students* number | How many students? | A rough figure is enough",
                "use* select | What is it for? | Teaching; Research; Both",
                "message textarea | Anything else?",
            ),
            "Education: {institution}",
            {
                "institution": ("University of Nowhere", "Nowhere College", "Technical School No. 5", "Open Academy"),
                "students": ("{number}",),
                "use": ("Teaching", "Research", "Both"),
                "message": ("We teach {thing} to {who} and would like to {goal}.", "Can we {goal} with that plan?"),
            },
        ),
        Form(
            "opensource",
            "Acme for Open Source",
            "opensource",
            "Our best plan, for projects under a free licence.",
            (
                *_WHO,
                "project* | Name of the project",
                "url* url | Where its source is",
                "licence* select | Licence | MIT; Apache 2.0; GPL; AGPL; Another",
                "message textarea | Tell us about it",
                "rules* checkbox | The project makes no profit",
            ),
            "Open source: {project}",
            {
                "project": ("libfrob", "tinyqueue", "Kettle", "mapquill", "Ravenpress"),
                "url": ("https://code.example/libfrob", "https://code.example/{number}/kettle"),
                "licence": ("MIT", "Apache 2.0", "AGPL"),
                "message": (
                    "We would like to use {thing} for our builds.",
                    "{number} of us want to {goal}.",
                ),
                "rules": ("yes",),
            },
        ),
        Form(
            "startups",
            "Acme for Startups",
            "startups",
            "A year of the best plan for young companies.",
            (
                *_WHO,
                "company* | Company",
                "people number | How many are you?",
                "message* textarea | What is it?",
            ),
            "Startup: {company}",
            {
                "company": ("Tidal Nine", "Brightloop", "Parcel & Sons", "Nimbus Kitchen"),
                "people": ("{days}", "{number}"),
                "message": (
                    "We raised a seed round in May and need {thing}.",
                    "{number} people who plan to {goal}.",
                ),
            },
        ),
        Form(
            "speaker",
            "Find a speaker",
            "community",
            "For meetups, conferences and classes.",
            (*_WHO, "event* | Name of the event", "date | When?", "place | Where?", "topic* textarea | About what?"),
            "Speaker for {event}",
            {
                "event": ("DevDays", "Nowhere Meetup", "Builds & Beers", "Conf of Small Things"),
                "date": ("next spring", "14 May", "any Thursday"),
                "place": ("{country}", "online"),
                "topic": ("A talk about {thing} for {who}, {number} people come.", "How to {goal}, in an hour."),
            },
        ),
    )
}
KINDS = ("education",) * 4 + ("opensource",) * 3 + ("startups",) * 2 + ("speaker",) * 2


def filled_in(random_: random.Random, form: Form, author: str = "") -> dict[str, str]:
    """Answers by question name; sometimes with a campaign's hidden field."""
    voice = somebody(random_, "en")
    rules = (TOPICS[random_.choice(list(TOPICS))], {"name": (voice.name,)}, MAIL_RULES, english.COMMON)
    answers = {"name": voice.name, "email": author or voice.address}
    for name, options in form.answers.items():
        text = expand(random_.choice(options), random_, *rules)
        answers[name] = text[:1].upper() + text[1:] if " " in text else text
    if random_.random() < 0.3:
        answers["utm_source"] = random_.choice(("newsletter", "conference", "search"))
    return answers
