"""A Discourse forum: similar topics first; where there are none, the categories that fit best.

https://docs.discourse.org/#tag/Search (`search.json`) and https://docs.discourse.org/#tag/Site (`site.json`).
Topics and categories that not everybody may read are left out, whatever the key may see.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from channels.adapters.discourse import client
from channels.contract import MAX_HITS, Config, Field, FieldKind, Hit, LookupKind, Purpose
from channels.toolkit.search_words import plain
from channels.toolkit.values import list_of, number_of, object_of, text_of, time_of

Category = Mapping[str, Any]


class DiscourseForum(LookupKind):
    name = "discourse"
    label = "Forum (Discourse)"
    purpose = Purpose.FORUM
    platform = "discourse"
    fields = (
        Field("api_key", "API key", "A public forum needs none.", FieldKind.SECRET),
        Field("api_username", "API key user"),
    )

    def home(self, config: Config) -> str:
        return client.base(config)

    def find(self, config: Config, words: Sequence[str]) -> list[Hit]:
        categories = _categories(config)
        found = object_of(client.get(config, "search.json", {"q": plain(words)}).body)
        topics = [object_of(topic) for topic in list_of(found.get("topics"))]
        shown = [topic for topic in topics if number_of(topic.get("category_id")) in categories]
        hits = [_topic(self.home(config), topic, categories) for topic in shown[:MAX_HITS]]
        return hits or _fitting(self.home(config), categories, words)


def _categories(config: Config) -> dict[str, Category]:
    """The categories that everybody may read, by number."""
    entries = list_of(object_of(client.get(config, "site.json").body).get("categories"))
    public = [object_of(entry) for entry in entries if object_of(entry).get("read_restricted") is not True]
    return {number: entry for entry in public if (number := number_of(entry.get("id")))}


def _topic(base: str, topic: Mapping[str, Any], categories: Mapping[str, Category]) -> Hit:
    number = number_of(topic.get("category_id")) or ""
    state = "closed" if topic.get("closed") is True else "solved" if topic.get("has_accepted_answer") is True else ""
    return Hit(
        text_of(topic.get("title")),
        f"{base}/t/{text_of(topic.get('slug')) or '-'}/{topic.get('id')}",
        where=text_of(categories[number].get("name")),
        state=state,
        updated_at=time_of(topic.get("last_posted_at") or topic.get("created_at")),
    )


def _fitting(base: str, categories: Mapping[str, Category], words: Sequence[str]) -> list[Hit]:
    """The categories whose name or description has the most of these words."""
    wanted = {word.lower() for word in words}
    ranked = sorted(categories.items(), key=lambda entry: -len(wanted & _words_of(entry[1])))
    fitting = [(number, entry) for number, entry in ranked if wanted & _words_of(entry)]
    return [_category(base, number, entry) for number, entry in (fitting or ranked)[:MAX_HITS]]


def _words_of(category: Category) -> set[str]:
    text = " ".join(text_of(category.get(name)) for name in ("name", "slug", "description_text"))
    return set(re.findall(r"\w+", text.lower()))


def _category(base: str, number: str, category: Category) -> Hit:
    return Hit(
        text_of(category.get("name")), f"{base}/c/{text_of(category.get('slug')) or '-'}/{number}", state="category"
    )
