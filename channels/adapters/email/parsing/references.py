"""Assigns a mail to its conversation: Message-ID, In-Reply-To, References, and our own marker."""

from __future__ import annotations

import hashlib
import re

from channels.adapters.email.mime.headers import Headers
from channels.adapters.email.mime.mime import Part

MAX_ID_LENGTH = 400
DERIVED_DOMAIN = "no-message-id.invalid"  # a reserved name (RFC 2606): no mailer generates such an id
MARKER_HEADER = "X-Desk-Ticket"
_MAX_IDS = 300
_BRACKETED = re.compile(r"<([^<>]{1,2000})>")
_MARKER = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


def read_ids(value: str) -> tuple[str, ...]:
    """Message-IDs in a header value, without <> and folding whitespace, deduplicated, in order. Bare ids are accepted
    if there are no brackets; phrases (`Your message of Friday`) are not ids."""
    found = ["".join(inside.split()) for inside in _BRACKETED.findall(value)]
    if not found:
        found = [token for token in value.replace(",", " ").split() if "@" in token.strip("@<>\"'()")]
        found = [token.strip("<>\"'();") for token in found]
    return tuple(dict.fromkeys(_bounded(each) for each in found if each))[:_MAX_IDS]


def _bounded(message_id: str) -> str:
    """Shortens an overlong id to fit storage, keeping it unique."""
    if len(message_id) <= MAX_ID_LENGTH:
        return message_id
    return f"{hashlib.sha256(message_id.encode()).hexdigest()}@{DERIVED_DOMAIN}"


def is_real(message_id: str) -> bool:
    """False for an id we derived: other mailers don't know it, and it is never sent."""
    return not message_id.endswith("@" + DERIVED_DOMAIN)


def message_id_of(mail: Part) -> str:
    """The mail's own id, or one derived from what two delivered copies of it share."""
    for value in mail.headers.all("message-id"):
        for message_id in read_ids(value):
            return message_id
    return derived_id(
        "\n".join(mail.headers.first(name) for name in ("from", "to", "date", "subject")),
        mail.body.replace(b"\r\n", b"\n").strip(),
    )


def derived_id(head: str, body: bytes) -> str:
    content = hashlib.blake2b(head.encode("utf-8", "replace") + b"\n\n" + body, digest_size=20)
    return f"{content.hexdigest()}@{DERIVED_DOMAIN}"


def replied_to(headers: Headers) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for value in headers.all("in-reply-to") for each in read_ids(value)))


def references(headers: Headers) -> tuple[str, ...]:
    """Oldest first."""
    return tuple(dict.fromkeys(each for value in headers.all("references") for each in read_ids(value)))


def marker_for(thread_id: str) -> str:
    """The part after the + in our Reply-To: constant within a conversation, and unguessable from outside, since only
    participants know the conversation's ids."""
    return hashlib.blake2b(thread_id.encode(), digest_size=10).hexdigest()


def marker_key(marker: str) -> str:
    return f"marker:{marker.lower()}"


def markers(headers: Headers, recipients: tuple[str, ...], own: frozenset[str]) -> tuple[str, ...]:
    """Thread keys from our marker: in a plus-address of ours, or in our header if a mailer returned it. Some servers
    rewrite the Message-ID of outgoing mail, and then only the marker keeps the thread together."""
    found: list[str] = []
    for address in recipients:
        local, _, domain = address.partition("@")
        base, plus, marker = local.partition("+")
        if plus and _MARKER.match(marker) and f"{base}@{domain}" in own:
            found.append(marker_key(marker))
    header = headers.first(MARKER_HEADER.lower())
    if _MARKER.match(header):
        found.append(marker_key(header))
    return tuple(dict.fromkeys(found))
