"""Any site with a search page: the desk queries nothing and links the page with the words filled in."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote_plus, urlsplit

from channels.contract import Config, Field, FieldKind, Hit, LookupKind, Purpose
from channels.errors import Rejected

WORDS = "{words}"


class SearchPage(LookupKind):
    name = "search_page"
    label = "Documentation (its search page)"
    purpose = Purpose.DOCS
    fields = (
        Field(
            "search_url",
            "Address of a search",
            "With {words} where they go, such as https://docs.acme.example/search?q={words}",
            FieldKind.URL,
            required=True,
        ),
    )

    def find(self, config: Config, words: Sequence[str]) -> list[Hit]:
        template = str(config.setting("search_url", "") or "")
        if WORDS not in template:
            raise Rejected("The address of the search has no {words} in it. Add it where the words go.")
        shown = " ".join(words)
        return [Hit(shown, template.replace(WORDS, quote_plus(shown)), where=urlsplit(template).hostname or "")]
