"""Generates realistic documents in the platforms' wire formats, each one new."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 11, 2, 12, tzinfo=UTC)
_numbers = itertools.count(1)
_random = random.Random(7)
_TALK = (
    "how do we install the acme runner behind a proxy when the cache is cold and builds fail after an upgrade of the "
    "registry which worked fine on friday but the docs say that the token should be rotated first thanks for any hint"
)
WORDS = _TALK.split()


def sentence(words: int) -> str:
    return " ".join(_random.choice(WORDS) for _ in range(words)).capitalize()


def twitter(count: int) -> dict[str, Any]:
    """A page of `GET /2/tweets/search/recent` as requested by the adapter."""
    tweets, users = [], []
    for _ in range(count):
        number = next(_numbers)
        user, tweet = str(900_000_000 + number), str(1_980_000_000_000_000_000 + number)
        text = f"@acme {sentence(24)}? https://t.co/ab{number:08d} &amp; thanks"
        at = START + timedelta(seconds=number)
        users.append(
            {
                "id": user,
                "name": f"Person {number}",
                "username": f"person{number}",
                "profile_image_url": f"https://pbs.twimg.com/profile_images/{user}/a_normal.jpg",
                "public_metrics": {"followers_count": 12, "following_count": 30, "tweet_count": 400},
            }
        )
        tweets.append(
            {
                "id": tweet,
                "text": text,
                "author_id": user,
                "conversation_id": tweet,
                "created_at": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                "lang": "en",
                "edit_history_tweet_ids": [tweet],
                "public_metrics": {"retweet_count": 0, "reply_count": 1, "like_count": 2, "quote_count": 0},
                "entities": {
                    "mentions": [{"start": 0, "end": 5, "username": "acme", "id": "1001"}],
                    "urls": [
                        {
                            "start": text.index("https"),
                            "end": text.index(" &amp;"),
                            "url": f"https://t.co/ab{number:08d}",
                            "expanded_url": f"https://blog.example/posts/{number}",
                            "display_url": f"blog.example/posts/{number}",
                        }
                    ],
                },
            }
        )
    return {
        "data": tweets,
        "includes": {"users": users},
        "meta": {"newest_id": tweets[-1]["id"], "oldest_id": tweets[0]["id"], "result_count": count},
    }


def hackernews(count: int) -> dict[str, Any]:
    """A page of `search_by_date` with comments on some stories."""
    hits = []
    for _ in range(count):
        number = next(_numbers)
        at = START + timedelta(seconds=number)
        story = 39_000_000 + number // 7
        link = f"https:&#x2F;&#x2F;x.example&#x2F;{number}"
        text = f'<p>{sentence(20)} Acme&#x27;s runner.<p>{sentence(30)}: <a href="{link}" rel="nofollow">{link}</a>'
        hits.append(
            {
                "objectID": str(40_000_000 + number),
                "author": f"hacker{number}",
                "comment_text": text,
                "created_at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "created_at_i": int(at.timestamp()),
                "parent_id": story,
                "story_id": story,
                "story_title": f"Show HN: A thing about continuous delivery ({story})",
                "story_url": f"https://blog.example/{story}",
                "_tags": ["comment", f"author_hacker{number}", f"story_{story}"],
                "_highlightResult": {"author": {"value": f"hacker{number}", "matchLevel": "none", "matchedWords": []}},
            }
        )
    return {"hits": hits, "nbHits": count, "page": 0, "nbPages": 1, "hitsPerPage": count}
