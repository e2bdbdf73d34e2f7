"""Documentation in an Algolia index, such as DocSearch fills: https://www.algolia.com/doc/rest-api/search/search-single-index

A DocSearch record has its headings in `hierarchy` and its address in `url`: https://docsearch.algolia.com/docs/record-extractor/
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from channels.contract import MAX_HITS, Config, Field, FieldKind, Hit, Json, LookupKind, Purpose
from channels.http.api_client import ApiClient, Signature, required, segment
from channels.toolkit.values import list_of, object_of, text_of

LEVELS = tuple(f"lvl{number}" for number in range(7))


class Api(ApiClient):
    label = "Algolia"
    path_format = "1/indexes/{}/query"

    def sign(self, config: Config, speaker: str) -> Signature:
        missing = "The application id or the search key of the documentation's index is missing. Enter both."
        app, key = required(_app(config), missing), required(config.secret("search_key"), missing)
        return Signature({"X-Algolia-Application-Id": app, "X-Algolia-API-Key": key}, keys=(key,))

    def address(self, config: Config) -> str:
        return super().address(config) or f"https://{_app(config).lower()}-dsn.algolia.net"


def _app(config: Config) -> str:
    return str(config.setting("application_id", "") or "").strip()


api = Api()


class AlgoliaDocs(LookupKind):
    name = "algolia"
    label = "Documentation (Algolia DocSearch)"
    purpose = Purpose.DOCS
    fields = (
        Field("application_id", "Application ID", required=True),
        Field("index", "Index", required=True),
        Field("search_key", "Search-only API key", kind=FieldKind.SECRET, required=True),
    )

    def find(self, config: Config, words: Sequence[str]) -> list[Hit]:
        params = urlencode({"query": " ".join(words), "hitsPerPage": MAX_HITS})
        index = segment(str(config.setting("index", "")))
        answer = api.ask(config, index, {"params": params})
        return [_hit(object_of(entry)) for entry in list_of(object_of(answer.body).get("hits"))]


def _hit(record: dict[str, Json]) -> Hit:
    hierarchy = object_of(record.get("hierarchy"))
    headings = [text for level in LEVELS if (text := text_of(hierarchy.get(level)))]
    title = headings[-1] if headings else text_of(record.get("title"))
    return Hit(title, text_of(record.get("url")), where=" › ".join(headings[:-1]))
