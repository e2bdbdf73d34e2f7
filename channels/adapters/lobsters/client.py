"""Requests to Lobsters, which needs no login."""

from __future__ import annotations

from channels.adapters.lobsters import wire
from channels.contract import Json
from channels.errors import ChannelError, NotFound
from channels.http.api_client import ApiClient


class Lists(ApiClient):
    label = "Lobsters"
    default_address = wire.WEB


class Posts(Lists):
    def error(self, status: int, body: Json, is_write: bool) -> ChannelError | None:
        return NotFound("Lobsters does not have it.") if status in (400, 404, 410) else None


lists, posts = Lists(), Posts()
