"""The search (https://hn.algolia.com/api) and the items themselves (https://github.com/HackerNews/API)."""

from __future__ import annotations

from channels.adapters.hackernews import wire
from channels.http.api_client import ApiClient


class Search(ApiClient):
    label = "The Hacker News search"
    address_setting = "algolia_base"
    default_address = wire.ALGOLIA


class Items(ApiClient):
    label = "Hacker News"
    address_setting = "firebase_base"
    default_address = wire.FIREBASE
    path_format = "item/{}.json"


search, items = Search(), Items()
