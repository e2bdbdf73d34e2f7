"""Turns a request body into the stored item of one form submission. Pure.

A body is a JSON object or form-encoded. `form`, `id`, `submitted_at` and `answers` are the envelope; without `answers`,
every other field is an answer. Unknown fields are kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from urllib.parse import parse_qs

from channels.adapters.form.language import Question, key_of, questions_of
from channels.contract import Config, Item, Json
from channels.errors import Malformed
from channels.toolkit.values import list_of

ENVELOPE = ("form", "id", "submitted_at", "answers")
MAX_ANSWERS = 200
DEEPEST = 12
MAX_ID = 200


def read_body(body: bytes, content_type: str = "") -> dict[str, Json]:
    """Raises Malformed."""
    kind = content_type.partition(";")[0].strip().lower()
    if "multipart" in kind:
        raise Malformed("multipart/form-data is not accepted; send JSON or application/x-www-form-urlencoded")
    if "json" in kind or (not kind and body.lstrip()[:1] in (b"{", b"[", b'"', b"")):
        return _object(body)
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=MAX_ANSWERS)
    except ValueError as error:
        raise Malformed("not a form-encoded body in UTF-8, or too many fields") from error
    if not fields:
        raise Malformed("neither a JSON object nor form fields")
    return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}


def _object(body: bytes) -> dict[str, Json]:
    def never(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    try:
        # Numbers stay as written: 1e999 would become infinity, which no database stores.
        document = json.loads(body, parse_float=str, parse_constant=never)
    except (ValueError, RecursionError) as error:
        raise Malformed("not valid JSON") from error
    if not isinstance(document, dict):
        raise Malformed("the body must be a JSON object")
    if _depth(document) > DEEPEST:
        raise Malformed("nested too deeply")
    return document


def _depth(value: Json) -> int:
    deepest, waiting = 0, [(value, 1)]
    while waiting and deepest <= DEEPEST:
        each, depth = waiting.pop()
        deepest = max(deepest, depth)
        inside = each.values() if isinstance(each, dict) else list_of(each)
        waiting += [(inner, depth + 1) for inner in inside]
    return deepest


def answers_of(document: Mapping[str, Json]) -> dict[str, Json]:
    """Raises Malformed if there are none."""
    given = document.get("answers")
    found = dict(given) if isinstance(given, dict) else {n: v for n, v in document.items() if n not in ENVELOPE}
    if isinstance(given, dict):  # fields next to it are kept too
        found |= {n: v for n, v in document.items() if n not in ENVELOPE and n not in found}
    if not any(value not in (None, "", [], {}) for value in found.values()):
        raise Malformed("it contains no answers")
    if len(found) > MAX_ANSWERS:
        raise Malformed(f"more than {MAX_ANSWERS} answers")
    return found


def form_named(name: str, config: Config) -> str:
    """The address of the named form: matched by alias, the alias's local part, or title; without a name, the only form;
    "" if unknown."""
    wanted = name.strip().lower()
    if not wanted:
        return config.addresses[0] if len(config.addresses) == 1 else ""
    if wanted in config.addresses:
        return wanted
    named = [a for a in config.addresses if wanted == a.partition("@")[0]] or [
        a for a in config.addresses if key_of(wanted) == key_of(title_of(a, config))
    ]
    return named[0] if len(named) == 1 else ""


def title_of(address: str, config: Config) -> str:
    """The admin's title for the form, else derived from the alias's local part."""
    title = config.channel_settings.get(address, {}).get("form_title")
    return str(title or address.partition("@")[0].replace("-", " ").replace("_", " ").capitalize())


def item_of(
    document: Mapping[str, Json], config: Config, *, submission_id: str, named: str = "", at: datetime | None = None
) -> Item:
    """Self-contained: includes the current questions. Raises Malformed."""
    name = str(document.get("form") or named)[:200]
    address = form_named(name, config)
    settings = config.channel_settings.get(address, {})
    asked = questions_of(settings.get("form_fields")) if address else ()
    return Item(
        submission_id,
        {
            "id": submission_id,
            "form": address,
            "named": "" if address else name,
            "title": title_of(address, config) if address else name,
            "subject": str(settings.get("subject") or ""),
            "questions": [_kept(question) for question in asked],
            "answers": answers_of(document),
            "received_at": at.isoformat() if at else None,
        },
    )


def _kept(question: Question) -> dict[str, Json]:
    fields = asdict(question)
    return {name: fields[name] for name in ("name", "label", "kind")}


def id_of(document: Mapping[str, Json], timestamp: str, body: bytes) -> str:
    """The sender's own `id`, which the signature covers; else derived from what is signed, so a repeated request is the
    same submission."""
    given = document.get("id")
    if isinstance(given, str | int) and not isinstance(given, bool) and str(given).strip():
        text = str(given).strip()
        if len(text) <= MAX_ID and text.isprintable():
            return f"id:{text}"
        return f"id:{hashlib.blake2b(text.encode('utf-8', 'surrogatepass'), digest_size=20).hexdigest()}"
    return f"digest:{hashlib.blake2b(timestamp.encode() + b':' + body, digest_size=20).hexdigest()}"
