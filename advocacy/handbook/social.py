"""Public channels: Twitter, Facebook, Hacker News, Reddit, Lobsters, videos, the fediverse."""

from __future__ import annotations

from advocacy.handbook import words
from advocacy.handbook.rows import HIGH, LOW, ChannelRow, ConnectionRow

TWITTER = ConnectionRow(
    "twitter",
    "twitter",
    "Twitter",
    (
        ChannelRow(
            "twitter-main", "twitter-$handle", "@$handle", "Twitter mentions", words.TWITTER,
            f"{words.TWITTER_MAIN}\n\n{words.VOICE}", "$handle", 10, True, priority=HIGH,
            web_url="https://twitter.com/$handle",
            more={"post_roles": ["advocate", "manager", "admin"]},
        ),
        ChannelRow(
            "twitter-moving", "twitter-movingto$handle", "@movingto$handle", "Twitter mentions", words.TWITTER,
            f"{words.TWITTER_MOVING} {words.TWITTER_HIGHLIGHT}\n\n{words.VOICE}", "movingto$handle", 20,
            web_url="https://twitter.com/movingto$handle", settings={"highlights": True},
            more={"post_roles": ["advocate", "manager", "admin"]},
        ),
        ChannelRow(
            "twitter-status", "twitter-${handle}status", "@${handle}status", "Twitter mentions", words.TWITTER,
            words.TWITTER_STATUS, "${handle}status", 20,
            web_url="https://twitter.com/${handle}status", settings={"availability_only": True, "never_likes": True},
            more={"post_roles": ["infrastructure"], "reply_roles": ["advocate", "manager", "admin", "infrastructure"]},
        ),
        ChannelRow(
            "twitter-support", "twitter-${handle}support", "@${handle}support", "Twitter mentions (support)",
            words.TWITTER, f"{words.TWITTER_SUPPORT}\n\n{words.VOICE}", "${handle}support", 20,
            web_url="https://twitter.com/${handle}support", settings={"never_likes": True},
        ),
        ChannelRow(
            "twitter-direct", "twitter-direct", "@$handle direct messages", "Twitter direct messages",
            words.TWITTER, words.TWITTER_DIRECT, "dm:$handle", 90, web_url="https://twitter.com/messages",
            more={"visible_to": ["advocate", "manager", "admin"], "reply_roles": ["advocate", "manager", "admin"]},
        ),
    ),
    {"search_query": "($company OR #movingto$handle) -is:retweet"},
)  # fmt: skip

FACEBOOK = ConnectionRow(
    "facebook",
    "facebook",
    "Facebook page",
    (
        ChannelRow(
            "facebook", "facebook", "Facebook", "Facebook page messages", words.FACEBOOK, words.VOICE,
            "$handle", 40, True, web_url="https://www.facebook.com/$handle/",
        ),
    ),
)  # fmt: skip

HACKER_NEWS = ConnectionRow(
    "hackernews-mentions",
    "hackernews",
    "Hacker News mentions",
    (
        ChannelRow(
            "hackernews-mentions", "hn-mentions", "Hacker News mentions", "Hacker News mentions", words.HACKER_NEWS,
            words.VOICE, rank=30, is_default=True, slack=("#hn-mentions",), priority=HIGH,
            web_url="https://hn.algolia.com/?query=$company&sort=byDate", more={"may_reply": False},
        ),
    ),
    {"feed": "mentions", "phrases": ["$company"]},
)  # fmt: skip

FRONT_PAGE = ConnectionRow(
    "hackernews-front-page",
    "hackernews",
    "Hacker News front page",
    (
        ChannelRow(
            "hackernews-front-page", "hn-front-page", "Hacker News front page stories",
            "Hacker News front page mentions", words.FRONT_PAGE, words.VOICE, rank=90, is_default=True,
            to_queue=False, slack=("#community-advocates",),
            web_url="https://news.ycombinator.com/", more={"may_reply": False, "query": '"$company"'},
        ),
    ),
    {"feed": "front_page"},
)  # fmt: skip

REDDIT = ConnectionRow(
    "reddit",
    "reddit",
    "Reddit",
    (
        ChannelRow(
            "reddit", "reddit", "Reddit", "Reddit mentions", words.REDDIT, words.VOICE, rank=35,
            is_default=True, slack=("#reddit",), web_url="https://www.reddit.com/r/$handle/",
        ),
    ),
    {"phrases": ["$company"], "subreddits": ["$handle"]},
)  # fmt: skip

LOBSTERS = ConnectionRow(
    "lobsters",
    "lobsters",
    "Lobsters",
    (
        ChannelRow(
            "lobsters", "lobsters", "Lobsters", "lobste.rs mentions", words.LOBSTERS, words.VOICE, rank=80,
            is_default=True, is_active=False, to_queue=False, slack=("#mentions-of-$handle",), priority=LOW,
            web_url="https://lobste.rs/search?q=$company&what=all&order=newest", is_checked_weekly=True,
            more={"may_reply": False},
        ),
    ),
    {"phrases": ["$company"]},
    is_active=False,
)  # fmt: skip

YOUTUBE = ConnectionRow(
    "youtube",
    "youtube",
    "YouTube",
    (
        ChannelRow(
            "youtube", "youtube", "YouTube", "YouTube comments", words.YOUTUBE, words.VOICE,
            rank=80, is_default=True, is_active=False, priority=LOW, web_url="https://www.youtube.com/@$handle",
            is_checked_weekly=True,
        ),
    ),
    is_active=False,
)  # fmt: skip

MASTODON = ConnectionRow(
    "mastodon",
    "mastodon",
    "Mastodon",
    (
        ChannelRow(
            "mastodon", "mastodon", "Mastodon", "Mastodon mentions and search", words.FEDIVERSE, words.VOICE,
            "$handle", 45, True, is_active=False, web_url="https://mastodon.social/@$handle",
        ),
    ),
    {"phrases": ["$company"]},
    is_active=False,
)  # fmt: skip

BLUESKY = ConnectionRow(
    "bluesky",
    "bluesky",
    "Bluesky",
    (
        ChannelRow(
            "bluesky", "bluesky", "Bluesky", "Bluesky mentions and search", words.FEDIVERSE, words.VOICE,
            "$domain", 45, True, is_active=False, web_url="https://bsky.app/profile/$domain",
        ),
    ),
    {"phrases": ["$company"]},
    is_active=False,
)  # fmt: skip

CONNECTIONS = (TWITTER, FACEBOOK, HACKER_NEWS, FRONT_PAGE, REDDIT, LOBSTERS, YOUTUBE, MASTODON, BLUESKY)
