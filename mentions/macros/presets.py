"""Default views and everyday macros. Nothing here names a company: texts use variables, the rest is data.

`load` is idempotent: an admin's changes are kept; whatever is missing is added.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from mentions.macros import macros
from mentions.models import Macro, Tag, View
from mentions.queue import view_filters

COMMUNITY_CHANNEL = "#community-involvement"
ABUSE_CHANNEL = "#abuse"
SOCIAL_CHANNEL = "#social_media"

VIEWS: tuple[dict[str, Any], ...] = (
    {"slug": "all", "name": "Everything", "filters": {}, "position": 10},
    {"slug": "urgent", "name": "High and urgent", "filters": {"priority_min": 30}, "position": 20},
    {"slug": "overdue", "name": "Overdue", "filters": {"overdue": True}, "order": "due", "position": 30},
    {"slug": "due-soon", "name": "Due soon", "filters": {"due_soon": True}, "order": "due", "position": 35},
    {"slug": "mine", "name": "Mine", "filters": {"assignee": "me"}, "position": 40},
    {"slug": "parked", "name": "Parked", "filters": {"parked": True}, "position": 50},
    {"slug": "my-parked", "name": "Parked by me", "filters": {"parked": True, "assignee": "me"}, "position": 60},
    {"slug": "pending", "name": "Waiting for them", "filters": {"statuses": ["pending"]}, "position": 70},
    {
        "slug": "solved",
        "name": "Solved",
        "filters": {"statuses": ["solved"]},
        "order": "newest",
        "position": 80,
    },
)

_ISSUE = {"name": "issue", "label": "Link to the issue", "kind": "url", "suggest": "tracker"}
_TRACKER = {"name": "tracker", "label": "Link to the tracker", "kind": "url", "from": "tracker"}
_WHO = {
    "do": "request_fields",
    "fields": [
        {"name": "expert", "label": "Who answered"},
        {"name": "answer", "label": "Link to the answer, if it is not here", "kind": "url", "required": False},
    ],
}
_ORIGINAL = {"name": "original", "label": "Number or address of the ticket that it answers", "required": False}

MACROS: tuple[dict[str, Any], ...] = (
    {
        "name": "Involving Experts::Reached Out to Expert",
        "description": "An expert was asked in Slack; the ticket stays open, outside the queue.",
        "actions": [
            # `experts` registers it: the same page as the key e, which posts the request and parks the ticket.
            {"do": "ask_expert"},
        ],
    },
    {
        "name": "Involving Experts::Expert Responded",
        "description": "The expert has answered: solved, and counted.",
        "actions": [
            _WHO,
            {"do": "note", "text": "{expert} answered. {answer}"},
            {"do": "expert_answered", "who": "{expert}", "link": "{answer}"},
            {"do": "tag", "tags": ["expert-responded"]},
            {"do": "untag", "tags": ["reached-out-to-expert"]},
            {"do": "status", "status": "solved", "reason": "expert_response"},
        ],
    },
    {
        "name": "Involving Experts::Expert Response",
        "description": "This ticket is the expert's own answer, which came in as a separate ticket.",
        "actions": [
            {"do": "request_fields", "fields": [_ORIGINAL]},
            {"do": "expert_response", "original": "{original}"},
            {"do": "tag", "tags": ["expert-response"]},
            {"do": "status", "status": "solved", "reason": "expert_response"},
        ],
    },
    {
        "name": "Involving Experts::Community Involvement",
        "description": "Praise or a discussion that needs no expert: any colleague may take it; an answer reopens it.",
        "actions": [
            {"do": "tag", "tags": ["community-involvement"]},
            {
                "do": "share_with_community",
                "channel": COMMUNITY_CHANNEL,
                "guidance": "Answer from your own account; your profile should say that you work at {company}.\n"
                "Stay positive, say thank you, and ask how we can do better. Short is fine, and so are emojis.",
            },
            {"do": "status", "status": "solved", "reason": "community"},
        ],
    },
    {
        "name": "Thanks::Praise",
        "description": "Thank them, and like what they wrote where the platform has likes.",
        "actions": [
            {"do": "reply", "text": "Thank you, {requester_name}! It makes our day to hear that you like {company}."},
            {"do": "tag", "tags": ["praise"]},
            {"do": "like"},
            {"do": "status", "status": "solved"},
        ],
    },
    {
        "name": "Thanks::Moving to us",
        "description": "Thank them, and ask what the benefits are for them.",
        "actions": [
            {"do": "reply", "text": "Welcome, {requester_name}! What makes {company} the better fit for you?"},
            {"do": "tag", "tags": ["moving-to"]},
            {"do": "status", "status": "pending"},
        ],
    },
    {
        "name": "Support::Known issue",
        "description": "An issue exists: link it and invite them to comment.",
        "actions": [
            {
                "do": "request_fields",
                "fields": [_ISSUE],
            },
            {
                "do": "reply",
                "text": "Thanks for letting us know! This is a known issue: {issue} – your vote there helps us "
                "prioritise it.",
            },
            {"do": "tag", "tags": ["known-issue"]},
            {"do": "status", "status": "solved"},
        ],
    },
    {
        "name": "Support::Open an issue",
        "description": "No issue found: ask them to open one.",
        "actions": [
            {
                "do": "request_fields",
                "fields": [_TRACKER],
            },
            {
                "do": "reply",
                "text": "Thanks, {requester_name}! Could you open an issue about {company} at {tracker}, so that it "
                "doesn't get lost?",
            },
            {"do": "tag", "tags": ["issue-asked-for"]},
            {"do": "status", "status": "pending"},
        ],
    },
    {
        "name": "Support::Which installation",
        "description": "Ask what they run before anything else.",
        "actions": [
            {
                "do": "reply",
                "text": "Happy to help! Are you using {company} on our servers or self-hosted, and which version?",
            },
            {"do": "tag", "tags": ["support"]},
            {"do": "status", "status": "pending"},
        ],
    },
    {
        "name": "Support::Status page",
        "description": "Downtime: link the status page and ask whether they still see the problem.",
        "actions": [
            {
                "do": "reply",
                "text": "Sorry for the trouble! {status_page_url} has the latest. Are you still seeing the problem?",
            },
            {"do": "tag", "tags": ["availability"]},
            {"do": "status", "status": "pending"},
        ],
    },
    {
        "name": "Spam::They report spam",
        "description": "They report abuse: pass it on and thank them. Not for mentions that are spam themselves.",
        "actions": [
            {
                "do": "request_fields",
                "fields": [{"name": "board", "label": "Link to the board or page with the spam", "kind": "url"}],
            },
            {
                "do": "share_to_slack",
                "channel": ABUSE_CHANNEL,
                "text": "Spam reported at {time}: {board} ({link})",
            },
            {"do": "reply", "text": "Thank you for reporting this, {requester_name}. The team is looking into it."},
            {"do": "tag", "tags": ["spam-report"]},
            {"do": "status", "status": "solved"},
        ],
    },
    {
        "name": "Share::Worth a retweet",
        "description": "Advocates do not retweet; the social media team decides.",
        "actions": [{"do": "share_to_slack", "channel": SOCIAL_CHANNEL, "text": "Worth sharing? {link}"}],
    },
)

TAGS: Mapping[str, str] = {
    "expert-responded": "An expert answered; the monthly numbers count by it.",
    "expert-response": "The ticket is an expert's own answer.",
    "reached-out-to-expert": "An expert was asked and has not answered yet.",
    "community-involvement": "Shared with the whole team.",
}


@transaction.atomic
def load() -> None:
    """Add missing presets. Raises ValueError if a preset itself is invalid (a test checks this)."""
    for name, description in TAGS.items():
        Tag.objects.get_or_create(name=name, defaults={"description": description})
    for view in VIEWS:
        view_filters.check(view["filters"])
        View.objects.get_or_create(slug=view["slug"], defaults=view)
    for position, macro in enumerate(MACROS, start=1):
        if problems := macros.check(macro["actions"]):
            raise ValueError(f"{macro['name']}: {problems[0]}")
        Macro.objects.get_or_create(name=macro["name"], defaults={**macro, "position": position * 10})
