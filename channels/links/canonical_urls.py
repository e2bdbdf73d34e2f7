"""Decides which URLs are the same page: the canonical form that mentions of a page are compared by."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import parse_qsl, quote, unquote, urlencode

from channels.links.web_addresses import DEFAULT_PORTS, parts_of

MAX_CANONICAL = 500
_TRACKING = ("utm_", "mc_", "pk_", "hsa_", "oly_", "vero_", "_hs", "__s", "mkt_")
_TRACKERS = frozenset(
    (
        *(
            "fbclid",
            "gclid",
            "dclid",
            "gclsrc",
            "msclkid",
            "yclid",
            "twclid",
            "igshid",
            "si",
            "ref",
            "ref_src",
            "ref_url",
        ),
        *("cmpid", "ncid", "sr_share", "context", "feature", "spm", "trk", "trkcampaign"),
    )
)
_SAME_HOST = {"x.com": "twitter.com"}
_CONTENT_FRAGMENT = re.compile(
    r"(?i)!|(?:(?:issue)?comment|discussion|note|post|reply|answer|message|msg|c|p)[-_=]?\w*\d"
)
# A fast path for most addresses: quoting wouldn't change such a path, nor sorting such a query.
_PLAIN_PATH = re.compile(r"[\w/:@!$&'()*+,;=\-.~]*", re.ASCII)
_PLAIN_QUERY = re.compile(r"([\w.~-]+)=[\w.~-]*", re.ASCII)
_PREFIXES = ("www.", "m.", "mobile.", "amp.", "old.", "new.")


def canonical(address: str) -> str:
    """The canonical form of a page's addresses: no scheme, `www.` or tracking, sorted parameters, at most 500
    characters; "" if it isn't a web address. For comparison only, not for opening.

    A fragment is kept only if it identifies content (`#comment-42`, `#/room`): a heading is the same page.
    """
    if not address or not (found := parts_of(address.strip())):
        return ""
    parts, host = found
    try:
        port = parts.port
    except ValueError:
        return ""
    host = host.rstrip(".")
    for prefix in _PREFIXES:
        if host.startswith(prefix) and host.count(".") > 1:
            host = host.removeprefix(prefix)
            break
    host = _SAME_HOST.get(host, host)
    if host == "youtu.be" and len(parts.path) > 1:
        return f"youtube.com/watch?v={parts.path[1:]}"[:MAX_CANONICAL]
    host_and_port = host if port in (None, DEFAULT_PORTS[parts.scheme]) else f"{host}:{port}"
    path = parts.path
    if not _PLAIN_PATH.fullmatch(path):
        path = quote(unquote(path), safe="/:@!$&'()*+,;=-._~")
    path = path.rstrip("/")
    for ending in ("/index.html", "/index.htm", "/index.php", "/amp"):
        path = path.removesuffix(ending)
    page = f"{host_and_port}{path}{'' if host == 'twitter.com' else _query(parts.query)}{_fragment(parts.fragment)}"
    if len(page) <= MAX_CANONICAL:
        return page
    return f"{page[: MAX_CANONICAL - 41]}#{hashlib.sha256(page.encode()).hexdigest()[:40]}"


def _query(query: str) -> str:
    if not query:
        return ""
    if single := _PLAIN_QUERY.fullmatch(query):
        return "" if _is_tracking(single[1]) else f"?{query}"
    remaining = [pair for pair in parse_qsl(query, keep_blank_values=True) if not _is_tracking(pair[0])]
    return "?" + urlencode(sorted(remaining)) if remaining else ""


def _is_tracking(name: str) -> bool:
    return (lowered := name.lower()) in _TRACKERS or lowered.startswith(_TRACKING)


def _fragment(fragment: str) -> str:
    return f"#{fragment}" if _CONTENT_FRAGMENT.match(fragment) or fragment.startswith("/") else ""
