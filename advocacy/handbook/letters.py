"""Channels for direct contact: mail, application forms, our own people in Slack, and mentions added by hand."""

from __future__ import annotations

from typing import Any

from advocacy.handbook import words
from advocacy.handbook.rows import ChannelRow, ConnectionRow

SIGNATURE = "$company Community Team\nhttps://$domain/community"
PERSONAL = "mail-personal"
PROGRAM_TOOLS = (
    {"label": "License app", "url": "https://license.$domain/"},
    {"label": "Customers portal", "url": "https://customers.$domain/"},
    {"label": "Salesforce", "url": "https://$handle.my.salesforce.com/_ui/search/ui/UnifiedSearchResults?str={email}"},
)
MERCH_TOOLS = (
    {"label": "Shopify", "url": "https://admin.shopify.com/store/$handle/orders?query={email}"},
    {"label": "Printfection", "url": "https://www.printfection.com/"},
    {"label": "Stickermule", "url": "https://www.stickermule.com/"},
)
"""Filled in with the requester if the search address is known. The licence app and the portal are the company's own: an
admin adds the parameter that they accept, such as `?q={email}`."""


def _alias(alias: str, source: str, workflow: str, key: str = "", **more: Any) -> ChannelRow:
    address, name = f"{alias}@$domain", more.pop("from_name", f"$company {alias.capitalize()}")
    return ChannelRow(
        f"mail-{key or alias}",
        f"mail-{alias}",
        address,
        source,
        workflow,
        f"{words.MAIL}\n\n{words.VOICE}",
        address,
        50,
        settings={"from_name": name, "signature": SIGNATURE},
        **more,
    )


MAILBOX = ConnectionRow(
    "mailbox",
    "email",
    "Mailbox",
    (
        _alias("merch", "Shop contact", words.MERCH, more={"tool_links": list(MERCH_TOOLS)}),
        _alias("community", "Handbook", words.COMMUNITY, is_default=True),
        _alias("movingto$handle", "#movingto$handle campaign (deprecated)", words.TWITTER_MOVING, "movingto",
               from_name="Moving to $company"),
        _alias("education", "Support contact", words.PROGRAM, from_name="$company for Education",
               more={"tool_links": list(PROGRAM_TOOLS)}),
        _alias("opensource", "Support contact", words.PROGRAM, from_name="$company for Open Source",
               more={"tool_links": list(PROGRAM_TOOLS)}),
        _alias("startups", "Support contact", words.PROGRAM, from_name="$company for Startups",
               more={"tool_links": list(PROGRAM_TOOLS)}),
        _alias("$person", "Emails to track as tickets", words.PERSONAL, "personal",
               from_name="$Person at $company"),
    ),
    {"default_domain": "$domain", "inbox_folder": "INBOX", "sent_folder": "Sent"},
)  # fmt: skip

_PERSON = ("name * | Your name | text", "email * | Email | email")


def _form(key: str, name: str, alias: str, source: str, workflow: str, fields: tuple[str, ...]) -> ChannelRow:
    return ChannelRow(
        f"form-{key}", f"form-{key}", name, source, workflow, f"{words.MAIL}\n\n{words.VOICE}", f"{alias}@$domain", 48,
        web_url=f"https://$domain/{key}/",
        settings={
            "form_title": name,
            "form_fields": [*_PERSON, *fields],
            "allowed_sites": ["https://$domain"],
            "subject": f"{name}: {{name}}",
            "thanks": "Thank you! We will reply by email.",
            "from_name": f"$company {name}",
            **({"program": name.removesuffix(" program")} if key != "speakers" else {}),
        },
        more={"tool_links": list(PROGRAM_TOOLS)} if key != "speakers" else {},
    )  # fmt: skip


FORMS = ConnectionRow(
    "forms",
    "form",
    "Application forms",
    (
        _form("education", "Education Program", "education", "Education application form", words.PROGRAM, (
            "institution * | School or university | text", "website | Its website | url",
            "seats * | How many people will use it? | number", "use * | What will you use it for? | textarea",
        )),
        _form("opensource", "Open Source Program", "opensource", "Open Source application form", words.PROGRAM, (
            "project * | Project | text", "repository * | Repository | url", "licence * | Licence | text",
            "seats * | How many people will use it? | number", "use | Anything else? | textarea",
        )),
        _form("startups", "Startups Program", "startups", "Startup application form", words.PROGRAM, (
            "startup * | Startup | text", "website * | Website | url", "funding * | Funding so far | text",
            "seats * | How many people will use it? | number",
        )),
        _form("speakers", "Speakers", "community", "Find-a-speaker form", words.SPEAKERS, (
            "event * | Event | text", "date * | When is it? | text", "place * | Where is it? | text",
            "topic * | What should the talk be about? | textarea",
        )),
    ),
    {"default_domain": "$domain"},
)  # fmt: skip


def _room(name: str, rank: int) -> ChannelRow:
    return ChannelRow(
        f"slack-{name}", f"slack-{name}", f"#{name}", "Slack: internal questions", words.INTERNAL,
        words.VOICE, name, rank,
    )  # fmt: skip


INTERNAL = ConnectionRow(
    "internal",
    "slack",
    "Internal questions",
    (_room("community-advocates", 70), _room("community-relations", 70), _room("education-oss", 70), _room("swag", 70)),
    {
        "rooms": ["community-advocates", "community-relations", "education-oss", "swag"],
        "what": "both",
        "emoji": "ticket",
    },
)

BY_HAND = ConnectionRow(
    "by-hand",
    "manual",
    "By hand",
    (
        ChannelRow(
            "by-hand", "by-hand", "Added by hand", "Add a mention by URL", words.BY_HAND, words.VOICE, rank=99,
            is_default=True, more={"may_reply": False},
        ),
    ),
)  # fmt: skip

CONNECTIONS = (MAILBOX, FORMS, INTERNAL, BY_HAND)
