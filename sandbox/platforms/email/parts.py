"""Parses a raw mail as far as the sandbox needs: for its pages, threads and truth."""

from __future__ import annotations

import email
import email.policy
import uuid
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any


def parsed(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def header(message: EmailMessage, name: str) -> str:
    """The value, or "" if it is missing or unreadable."""
    try:
        return str(message.get(name, "") or "")
    except (ValueError, IndexError, AttributeError):
        return ""


def text_of(message: EmailMessage) -> str:
    """The plain text; for an HTML mail, its source."""
    body = message.get_body(("plain", "html"))
    if body is None:
        return ""
    try:
        return str(body.get_content())
    except (LookupError, ValueError, KeyError, AttributeError):
        payload = body.get_payload(decode=True)
        return payload.decode("latin-1") if isinstance(payload, bytes) else ""


def attachments(message: EmailMessage) -> list[dict[str, Any]]:
    found = []
    for part in message.iter_attachments():
        content = part.get_payload(decode=True)
        size = len(content) if isinstance(content, bytes) else len(part.as_bytes())
        found.append({"name": part.get_filename() or "attachment", "type": part.get_content_type(), "size": size})
    return found


def described(raw: bytes) -> dict[str, Any]:
    """The fields of an email's document, from its bytes. An email without a Message-ID gets a generated, marked one."""
    message = parsed(raw)
    message_id = header(message, "Message-ID").strip().strip("<>")
    name, sender = parseaddr(header(message, "From"))
    return {
        "message_id": message_id or f"{uuid.uuid4().hex}@without-id.invalid",
        "has_message_id": bool(message_id),
        "sender": sender.lower(),
        "name": name,
        "to": header(message, "To"),
        "cc": header(message, "Cc"),
        "subject": header(message, "Subject"),
        "text": text_of(message),
        "in_reply_to": header(message, "In-Reply-To").strip().strip("<>"),
        "references": [r.strip("<>") for r in header(message, "References").split()],
        "auto": header(message, "Auto-Submitted").lower() not in ("", "no") or bool(header(message, "Precedence")),
        "kind": "",
    }
