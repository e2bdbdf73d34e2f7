"""Channels on and around our own sites: comments, the forum, questions and answers, trackers."""

from __future__ import annotations

from advocacy.handbook import words
from advocacy.handbook.rows import LOW, ONE_DAY, ChannelRow, ConnectionRow

COMMENTS = ConnectionRow(
    "disqus",
    "disqus",
    "Website comments",
    (
        ChannelRow(
            "blog-comments", "blog-comments", "Website: blog", "Disqus comments", words.BLOG, words.VOICE,
            "$handle-blog", 40, True, slack=("#mentions-of-$handle",), web_url="https://$domain/blog/",
        ),
        ChannelRow(
            "comparison-comments", "comparison-comments", "Website: comparison pages", "Disqus comments",
            words.COMPARISON, words.VOICE, "$handle-comparison", 41, slack=("#devops-tools-comments",),
            web_url="https://$domain/compare/",
        ),
        ChannelRow(
            "docs-comments", "docs-comments", "Documentation", "Disqus comments", words.DOCS, words.VOICE,
            "$handle-docs", 42, to_queue=False, slack=("#docs-comments",), web_url="https://docs.$domain/",
        ),
    ),
    {"forums": ["$handle-blog", "$handle-comparison", "$handle-docs"]},
)  # fmt: skip

FORUM = ConnectionRow(
    "forum",
    "discourse",
    "Forum",
    (
        ChannelRow(
            "forum", "forum", "Forum", "forum.$domain", words.FORUM, words.VOICE, rank=45, is_default=True,
            slack=("#$handle-forum",), web_url="https://forum.$domain/latest",
        ),
    ),
    {"api_base": "https://forum.$domain"},
)  # fmt: skip

STACK_OVERFLOW = ConnectionRow(
    "stack-overflow",
    "stackexchange",
    "Stack Overflow",
    (
        ChannelRow(
            "stack-overflow", "stack-overflow", "Stack Overflow", "Stack Exchange mentions", words.STACK_OVERFLOW,
            words.VOICE, rank=46, is_default=True, web_url="https://stackoverflow.com/questions/tagged/$handle",
            more={"may_reply": False},
        ),
    ),
    {"site": "stackoverflow", "tags": ["$handle"]},
)  # fmt: skip

TEAM_PROJECT = "$handle/general"
TEAM_TRACKER = tuple(
    ChannelRow(
        key, key, name, source, words.TEAM_TRACKER, words.VOICE, address, rank,
        web_url=f"https://gitlab.com/{TEAM_PROJECT}/-/issues", more={"visible_to": visible_to} if visible_to else {},
    )
    for key, name, source, address, rank, visible_to in (
        ("tracker-team", "Team tracker", "Issues to the advocates", TEAM_PROJECT, 68, []),
        ("tracker-team-confidential", "Team tracker, confidential", "Confidential issues to the advocates",
         f"{TEAM_PROJECT}!confidential", 69, ["advocate", "manager", "admin"]),
    )
)  # fmt: skip
"""The advocates' own tracker: questions from colleagues. Its confidential issues are for team members only."""

TRACKERS = ConnectionRow(
    "trackers",
    "gitlab",
    "Issue trackers",
    (
        ChannelRow(
            "tracker-enterprise", "tracker-enterprise", "Enterprise tracker", "Issues of the enterprise edition",
            words.TRACKER, words.VOICE, "$handle/enterprise", 55, True,
            web_url="https://gitlab.com/$handle/enterprise/-/issues",
        ),
        ChannelRow(
            "tracker-community", "tracker-community", "Community tracker", "Issues of the community edition",
            words.TRACKER_LOOKED, words.VOICE, "$handle/community", 56, is_active=False, priority=LOW,
            web_url="https://gitlab.com/$handle/community/-/issues", is_checked_weekly=True,
        ),
        ChannelRow(
            "tracker-packaging", "tracker-packaging", "Packaging tracker", "Issues of the packages",
            words.TRACKER_LOOKED, words.VOICE, "$handle/packaging", 57, is_active=False, priority=LOW,
            web_url="https://gitlab.com/$handle/packaging/-/issues", is_checked_weekly=True,
        ),
        ChannelRow(
            "tracker-support", "tracker-support", "Support tracker", "Issues of the support tracker",
            words.TRACKER_SUPPORT, words.VOICE, "$handle/support", 58, is_active=False, priority=LOW,
            web_url="https://gitlab.com/$handle/support/-/issues", is_checked_weekly=True,
        ),
        *TEAM_TRACKER,
    ),
    {"projects": ["$handle/enterprise", TEAM_PROJECT], "confidential": True},
)  # fmt: skip

HACKERONE = ConnectionRow(
    "hackerone",
    "hackerone",
    "HackerOne",
    (
        ChannelRow(
            "hackerone", "hackerone", "HackerOne", "Security reports", words.HACKERONE, words.VOICE, rank=15,
            is_default=True, target_minutes=ONE_DAY, web_url="https://hackerone.com/$handle",
            more={
                "may_reply": False, "skips_weekends": True, "visible_to": ["advocate", "manager", "admin"],
            },
        ),
    ),
    {"programs": ["$handle"]},
)  # fmt: skip

STATUS_PAGE = ConnectionRow(
    "status-page",
    "statuspage",
    "Status page",
    (
        ChannelRow(
            "status-page", "status-page", "Status page", "status.$domain", words.STATUS_PAGE, rank=95,
            is_default=True, is_active=False, to_queue=False, slack=("#community-advocates",), priority=LOW,
            web_url="https://status.$domain/", more={"may_reply": False},
        ),
    ),
    {"api_base": "https://status.$domain"},
    is_active=False,
)  # fmt: skip

CONNECTIONS = (COMMENTS, FORUM, STACK_OVERFLOW, TRACKERS, HACKERONE, STATUS_PAGE)
