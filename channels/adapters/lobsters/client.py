"""Requests to Lobsters, which needs no login."""

from __future__ import annotations

from channels.adapters.lobsters import wire
from channels.contract import Json
from channels.errors import ChannelError, Rejected
from channels.http.api_client import ApiClient


class Gone(Rejected):
    """The site has no such story or comment; for comments it answers 400."""


class Lists(ApiClient):
    label = "Lobsters"
    default_address = wire.WEB


class Posts(Lists):
    def error(self, status: int, body: Json, is_write: bool) -> ChannelError | None:
        return Gone("Lobsters does not have it.") if status in (400, 404, 410) else None


lists, posts = Lists(), Posts()
