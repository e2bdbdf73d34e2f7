"""Macros that the handbook names, plus everyday ones, in addition to `mentions.macros.presets`."""

from __future__ import annotations

from typing import Any

from mentions.macros import presets


def _asks(name: str, label: str, kind: str = "url", **more: str) -> dict[str, Any]:
    return {"do": "request_fields", "fields": [{"name": name, "label": label, "kind": kind, **more}]}


def _decides(state: str) -> dict[str, Any]:
    return {"do": "application", "state": state}


def _reply(text: str, tag: str, status: str, *before: dict[str, Any]) -> list[dict[str, Any]]:
    return [*before, {"do": "reply", "text": text}, {"do": "tag", "tags": [tag]}, {"do": "status", "status": status}]


GUIDELINES_TAG = "guidelines-to-change"

EVERYDAY: tuple[dict[str, Any], ...] = (
    {
        "name": "Support::Similar topic of the forum",
        "description": "A topic exists: send them there and ask for their input.",
        "actions": _reply(
            "Somebody has run into something similar: {topic} Please add your case there, and we will take a look!",
            "forum", "solved", _asks("topic", "Link to the topic", suggest="forum"),
        ),
    },
    {
        "name": "Support::Category of the forum",
        "description": "No topic yet: send them to the right category, where more people can help.",
        "actions": _reply(
            "There's more room for this at {category}: could you post it there, with your version and what you have "
            "tried? Our team and the whole community read it.",
            "forum", "solved", _asks("category", "Link to the category", suggest="forum"),
        ),
    },
    {
        "name": "Support::To support",
        "description": "Too complex for us: hand over to support.",
        "actions": _reply(
            "Our support engineers are the right people for this: {support} Please link to this conversation, "
            "so you don't have to explain it twice.",
            "to-support", "solved", _asks("support", "Link to the support page", **{"from": "support"}),
        ),
    },
    {
        "name": "Guidelines::Suggest a change",
        "description": "Something is missing from this channel's guidelines, or wrong: the team is notified, and the "
        "view “Guidelines to change” lists the ticket.",
        "actions": [
            _asks("change", "What should change, and why", "text"),
            {"do": "note", "text": "Guidelines of {channel}, suggested by {me}: {change}"},
            {"do": "tag", "tags": [GUIDELINES_TAG]},
            {
                "do": "share_to_slack",
                "channel": "#community-advocates",
                "text": "Guidelines of {channel}: {change} (suggested by {me} at {ticket_url})",
            },
        ],
    },
    {
        "name": "No reply::Competitor not acknowledged",
        "description": "Only praises or attacks a competitor.",
        "actions": [{"do": "tag", "tags": ["competitor"]}, {"do": "no_reply", "reason": "competitor"}],
    },
    {
        "name": "Merch::Swag",
        "description": "We send them something: ask for size and address, never in public.",
        "actions": _reply(
            "We would love to send you something, {requester_name}! Please fill in {swag}. It asks for your "
            "size and address, and nothing you enter is public.",
            "swag", "pending", _asks("swag", "Link to the swag form"),
        ),
    },
    {
        "name": "Merch::Discount code",
        "description": "A discount code from the stock “discount”: by email or private message only.",
        "actions": _reply(
            "Here is a discount code for our shop, {requester_name}: {code}",
            "discount", "solved", {"do": "give_code", "stock": "discount"},
        ),
    },
    {
        "name": "Program::Approve",
        "description": "The application is accepted.",
        "actions": _reply(
            "Hello {requester_name},\n\nwelcome to the program! Your licence and the agreement are on their way to "
            "this address. Let us know how it goes, and write to us if anything is unclear.",
            "program-approved", "solved", _decides("approved"),
        ),
    },
    {
        "name": "Program::Decline",
        "description": "The application does not qualify: say why, and what they can use instead.",
        "actions": _reply(
            "Hello {requester_name},\n\nthank you for applying. Unfortunately we cannot accept this application: "
            "{reason}. You can still use the free edition of {company}, and can apply again if that changes.",
            "program-declined", "solved",
            _decides("declined"), _asks("reason", "Why, as the end of a sentence", "text"),
        ),
    },
    {
        "name": "Program::More information",
        "description": "The application is incomplete.",
        "actions": _reply(
            "Hello {requester_name},\n\nthank you for applying! Before we can decide, we need to know: {missing}",
            "program-asked", "pending", _decides("asked"), _asks("missing", "What is missing", "text"),
        ),
    },
    {
        "name": "Security::Report received",
        "description": "First answer to a security report: copy it to HackerOne.",
        "actions": [
            {
                "do": "reply",
                "text": "Hello {requester_name},\n\nthank you for your report! We have received it and are looking "
                "into it. You can email us at any time for an update.",
            },
            {"do": "tag", "tags": ["security"]},
        ],
    },
    {
        "name": "Security::HackerOne permissions",
        "description": "A new colleague needs access: ask support who the admins are. An admin sends the invitation "
        "and adds you to the Internal group.",
        "actions": [
            _asks("colleague", "Who needs access", "text"),
            {
                "do": "share_to_slack",
                "channel": "#support",
                "text": "Who is an admin of our HackerOne program? {colleague} needs permissions: please invite them "
                "there, and add {me} to the Internal group.",
            },
        ],
    },
)  # fmt: skip

MACROS = (*presets.MACROS, *EVERYDAY)

TAGS: dict[str, str] = {
    **presets.TAGS,
    "praise": "They like it.",
    "moving-to": "They moved to us.",
    "known-issue": "Linked an existing issue.",
    "issue-asked-for": "Asked them to open an issue.",
    "support": "A support question.",
    "availability": "About an outage or slowness.",
    "forum": "Sent to the forum.",
    "to-support": "Handed over to support.",
    "competitor": "Praises or attacks a competitor.",
    GUIDELINES_TAG: "Somebody suggests a change to the guidelines. Remove it once they are edited.",
    "spam-report": "They reported spam.",
    "swag": "We send them something.",
    "discount": "We gave them a discount code.",
    "program-approved": "Application accepted.",
    "program-declined": "Application declined.",
    "program-asked": "Application: asked for more information.",
    "security": "Security report.",
}
