"""Finds the next page of a list in a platform's response. Pure.

Only the parameters of such a link are taken, so a token never goes to another host.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from channels.contract import Json

_NEXT = re.compile(r'<([^<>]+)>\s*;\s*rel="?next"?', re.IGNORECASE)


def linked(headers: Mapping[str, str]) -> dict[str, str | int] | None:
    """The parameters of the `Link` to the next page (RFC 8288); None at the end of the list."""
    found = _NEXT.search(headers.get("Link") or "")
    return parameters_of(found[1]) if found else None


def parameters_of(link: Json) -> dict[str, str | int] | None:
    """The query parameters of a link; None if it isn't an address."""
    try:
        return dict(parse_qsl(urlsplit(link).query, keep_blank_values=True)) if isinstance(link, str) and link else None
    except ValueError:
        return None
