"""Macros named in the documents, and everyday ones in addition to `mentions.macros.presets`."""

from __future__ import annotations

from typing import Any

from mentions.macros import presets


def _asks(name: str, label: str, kind: str = "url") -> dict[str, Any]:
    return {"do": "request_fields", "fields": [{"name": name, "label": label, "kind": kind}]}


def _reply(text: str, tag: str, status: str, *before: dict[str, Any]) -> list[dict[str, Any]]:
    return [*before, {"do": "reply", "text": text}, {"do": "tag", "tags": [tag]}, {"do": "status", "status": status}]


EVERYDAY: tuple[dict[str, Any], ...] = (
    {
        "name": "Support::Similar topic of the forum",
        "description": "There is a topic already: send them there, ask for their input.",
        "actions": _reply(
            "Somebody has worked through something like it: {topic} Add your case there, we will look in on it!",
            "forum", "solved", _asks("topic", "Link of the topic"),
        ),
    },
    {
        "name": "Support::Category of the forum",
        "description": "No topic yet: the fitting category, where more people can help.",
        "actions": _reply(
            "That deserves more room than this: would you post it at {category}, with your version and what you have "
            "tried? The team and the whole community read there.",
            "forum", "solved", _asks("category", "Link of the category"),
        ),
    },
    {
        "name": "Support::To support",
        "description": "Too complex for us: support takes over.",
        "actions": _reply(
            "Our support engineers are the right people for this: {support} Mention this conversation, so that you "
            "need not tell it twice.",
            "to-support", "solved", _asks("support", "Link of the support form or ticket"),
        ),
    },
    {
        "name": "No reply::Competitor not acknowledged",
        "description": "It only praises or attacks a competitor.",
        "actions": [{"do": "tag", "tags": ["competitor"]}, {"do": "no_reply", "reason": "competitor"}],
    },
    {
        "name": "Merch::Swag",
        "description": "They get something from us: ask for size and address, never in public.",
        "actions": _reply(
            "We would love to send you something, {requester_name}! Please fill in {swag} – it asks for size and "
            "address, nothing of it is public.",
            "swag", "pending", _asks("swag", "Link of the swag form"),
        ),
    },
    {
        "name": "Program::Approve",
        "description": "The application is accepted.",
        "actions": _reply(
            "Hello {requester_name},\n\nwelcome to the program! Your licence and the agreement are on their way to "
            "this address. Tell us how it goes, and write to us whenever something is unclear.",
            "program-approved", "solved",
        ),
    },
    {
        "name": "Program::Decline",
        "description": "It does not qualify: say why, and what they may use instead.",
        "actions": _reply(
            "Hello {requester_name},\n\nthank you for applying. We cannot accept this application: {reason}. The free "
            "edition of {company} is open to you all the same, and you are welcome to apply again when that changes.",
            "program-declined", "solved", _asks("reason", "Why, as the end of a sentence", "text"),
        ),
    },
    {
        "name": "Program::More information",
        "description": "Something is missing in the application.",
        "actions": _reply(
            "Hello {requester_name},\n\nthank you for applying! Before we can decide we need to know: {missing}",
            "program-asked", "pending", _asks("missing", "What is missing", "text"),
        ),
    },
    {
        "name": "Security::Report received",
        "description": "The first answer to a security report: paste it on HackerOne.",
        "actions": [
            {"do": "note", "text": "Answered on HackerOne: received, and that they can write to us by mail any time."},
            {"do": "tag", "tags": ["security"]},
        ],
    },
)  # fmt: skip

MACROS = (*presets.MACROS, *EVERYDAY)

TAGS: dict[str, str] = {
    **presets.TAGS,
    "praise": "They like it.",
    "moving-to": "They moved to us.",
    "known-issue": "There was an issue already; linked.",
    "issue-asked-for": "Asked to open an issue.",
    "support": "A support question.",
    "availability": "About an outage or slowness.",
    "forum": "Sent to the forum.",
    "to-support": "Handed to the support team.",
    "competitor": "Praises or attacks a competitor.",
    "spam-report": "They reported spam to us.",
    "swag": "They get something from us.",
    "program-approved": "Application accepted.",
    "program-declined": "Application declined.",
    "program-asked": "Application: more information asked for.",
    "security": "Security report.",
}
