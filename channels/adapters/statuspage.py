"""Statuspage (Atlassian): one page's incident and maintenance updates, ours or a dependency's.

https://developer.statuspage.io/ and its own status page, https://metastatuspage.com/api/v2
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote, urlsplit

from channels.contract import (
    Adapter,
    Author,
    Capability,
    Config,
    Document,
    Field,
    FieldKind,
    Grouping,
    Item,
    Json,
    Mention,
    Page,
)
from channels.errors import Malformed, Transient
from channels.http.api_client import ApiClient
from channels.toolkit.list_sources import ListSource, Read, read_lists
from channels.toolkit.text import clean, html_links, html_to_text, text_links
from channels.toolkit.values import edited_at, object_of, objects_of, text_of, time_of, value_at

_LISTS = ("incidents", "scheduled_maintenances")
_NO_INCIDENTS = frozenset(("components", "component", "component_update", "status"))
_EDIT_GRACE = timedelta(seconds=2)
"""Timestamps of a single save may differ this much."""


class Api(ApiClient):
    label = "The status page"
    path_format = "api/v2/{}.json"

    def address(self, config: Config) -> str:
        """The page's address as people paste it, perhaps with the API's path."""
        return super().address(config).removesuffix("/api/v2")


api = Api()


class Statuspage(Adapter):
    """Every update on our own page is a post of ours: context, never work. On another company's page it is a mention,
    for a Slack-only channel."""

    platform = "statuspage"
    label = "Statuspage"
    answering = (
        "It is our own incident. Check with whoever handles it before you say anything about its cause or duration.",
    )
    fields = (
        Field(
            "api_base",
            "Status page address",
            "Such as https://status.acme.example",
            FieldKind.URL,
            required=True,
        ),
        Field(
            "is_ours",
            "Our own page",
            "Its updates count as our own posts and never enter the queue.",
            FieldKind.BOOLEAN,
            default=True,
        ),
    )
    capabilities = frozenset({Capability.EDITS})
    grouping = Grouping.THREAD
    expected_silence = timedelta(days=60)
    poll_interval_s = (60, 300)

    def namespace(self, config: Config) -> str:
        return f"statuspage:{_host(api.address(config)) or 'unknown'}"

    def split(self, document: Document, config: Config) -> list[Item]:
        """Each update of each incident, newest first as on the page."""
        if not isinstance(document, dict):
            raise Malformed("Not a status page document.")
        page = object_of(document.get("page"))
        lists = [document[name] for name in _LISTS if isinstance(document.get(name), list)]
        single = document.get("incident")
        if isinstance(single, dict):
            lists.append([single])
        if not lists and not (page and document.keys() & _NO_INCIDENTS):
            raise Malformed(_error_line(document))
        found: dict[str, Item] = {}
        for incident in (entry for entries in lists for entry in entries):
            for item in _updates(incident, page):
                found.setdefault(item.external_id, item)
        return list(found.values())

    def parse(self, item: Item, config: Config) -> Mention | None:
        payload = item.payload
        incident, update = (object_of(value_at(payload, name)) for name in ("incident", "update"))
        if not update or not incident.get("id"):
            raise Malformed("A stored status page update has no incident.")
        page = object_of(payload.get("page"))
        created = time_of(update.get("created_at"))
        posted = time_of(update.get("display_at")) or created
        body, name = text_of(update.get("body")), html_to_text(text_of(incident.get("name")))
        return Mention(
            external_id=item.external_id,
            thread_id=str(incident["id"]),
            author=_author(page, incident, config),
            posted_at=posted,
            text=_words(update, body),
            subject=name or None,
            html=body if "<" in body else None,
            url=_address(page, incident, config),
            is_own=config.setting("is_ours", True) is not False,
            edited_at=_edited(update, created),
            links=html_links(body) or text_links(body),
            thread_title=name or None,
            extra=_extra(incident, update),
        )

    def fetch(self, config: Config, cursor: Json) -> Iterator[Page]:
        """The 50 latest incidents and maintenances, which is all the page offers. Known ones aren't stored again."""
        lists = ("incidents", "scheduled-maintenances")
        return read_lists([ListSource(name, partial(self._read, config, name)) for name in lists], cursor)

    def _read(self, config: Config, name: str, mark: Json) -> Iterator[Read]:
        answer = api.get(config, name)
        if not isinstance(answer.body, dict):
            raise Transient("The status page returned no list of incidents. The desk retries automatically.")
        yield Read(self.split(answer.body, config), None, answer.quota())

    def check(self, config: Config) -> str:
        body = api.get(config, "summary").body
        name, said = text_of(value_at(body, "page", "name")), text_of(value_at(body, "status", "description"))
        if not value_at(body, "page"):
            raise Transient("There is no Statuspage at this address. Check the address.")
        return f"Connected: {name} says “{said}”."


def _updates(incident: Json, page: Mapping[str, Any]) -> Iterator[Item]:
    if not isinstance(incident, dict) or not incident.get("id"):
        raise Malformed("An incident has no id.")
    about = {key: value for key, value in incident.items() if key != "incident_updates"}
    for update in objects_of(incident.get("incident_updates")):
        if isinstance(update.get("id"), str) and update["id"]:
            yield Item(update["id"], {"incident": about, "update": update, "page": dict(page)})


def _error_line(document: Mapping[str, Any]) -> str:
    said = document.get("error") or document.get("message")
    if isinstance(said, str) and said:
        return f"The status page returned an error: {' '.join(said.split())}"
    return "Not a Statuspage document: neither incidents nor maintenances."


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _author(page: Mapping[str, Any], incident: Mapping[str, Any], config: Config) -> Author:
    page_id = text_of(page.get("id")) or text_of(incident.get("page_id")) or _host(api.address(config))
    return Author(
        page_id, name=text_of(page.get("name")) or None, url=text_of(page.get("url")) or api.address(config) or None
    )


def _address(page: Mapping[str, Any], incident: Mapping[str, Any], config: Config) -> str | None:
    """The incident's page; the short link if the page's URL is unknown."""
    base = (api.address(config) or text_of(page.get("url"))).rstrip("/")
    if base:
        return f"{base}/incidents/{quote(clean(str(incident['id'])), safe='')}"
    return text_of(incident.get("shortlink")) or None


def _words(update: Mapping[str, Any], body: str) -> str:
    """As displayed: the state in bold, then the text."""
    status = text_of(update.get("status")).replace("_", " ").capitalize()
    text = html_to_text(body)
    return f"{status}: {text}" if status and text else text or status


def _edited(update: Mapping[str, Any], created: datetime | None) -> datetime | None:
    """A scheduled update is saved when it is published; that isn't an edit."""
    updated, shown = time_of(update.get("updated_at")), time_of(update.get("display_at"))
    known = max((at for at in (created, shown) if at), default=None)
    return edited_at(known, updated, _EDIT_GRACE)


def _extra(incident: Mapping[str, Any], update: Mapping[str, Any]) -> dict[str, Json]:
    names = [text_of(component.get("name")) for component in objects_of(update.get("affected_components"))]
    extra = {
        "status": incident.get("status"),
        "impact": incident.get("impact"),
        "components": [name for name in names if name],
        "scheduled_for": incident.get("scheduled_for"),
        "scheduled_until": incident.get("scheduled_until"),
        "resolved_at": incident.get("resolved_at"),
    }
    return {key: value for key, value in extra.items() if value}
