"""Builds a reply as bytes: headers that keep the thread together in every client, and no header injection."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import datetime
from email.charset import QP, Charset
from email.header import Header
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.utils import format_datetime, formataddr

from channels.adapters.email.parsing.references import MAX_ID_LENGTH, is_real, marker_for, read_ids
from channels.contract import Config, Outgoing
from channels.errors import Rejected

_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]\\@]+@[^\s<>,;:\"()\[\]\\@]+\Z")
_REPLY_PREFIX = re.compile(r"(?:\s*(?:re|aw|sv|antw|odp|vs|ref|rif)\s*(?:\[\d+\])?\s*:)+\s*", re.IGNORECASE)
_MAX_PLAIN_LINE = 78  # RFC 5322, 2.1.1


@dataclass(frozen=True, slots=True)
class Envelope:
    """A mail ready to send: the SMTP envelope and the bytes."""

    sender: str
    recipients: tuple[str, ...]
    message_id: str
    raw: bytes


def compose(outgoing: Outgoing, config: Config, now: datetime) -> Envelope:
    """The mail for a reply, with the same Message-ID at every attempt. Raises Rejected if no valid mail can be
    built."""
    sender = _checked(outgoing.sender or "", "sender")
    to = tuple(_checked(each, "recipient") for each in outgoing.recipients)
    cc = tuple(_checked(each, "recipient") for each in outgoing.cc if each not in outgoing.recipients)
    if not to:
        raise Rejected("The reply has no recipient; fill in To.")
    channel = config.channel_settings.get(sender.lower(), {})
    message_id = _message_id(outgoing, sender)
    mail = _body(_signed(outgoing.text, str(channel.get("signature") or "")), outgoing.html, channel.get("signature"))
    mail["From"] = _mailbox(str(channel.get("from_name") or ""), sender)
    mail["To"] = ",\r\n ".join(to)
    if cc:
        mail["Cc"] = ",\r\n ".join(cc)
    mail["Subject"] = Header(
        reply_subject(outgoing), "utf-8" if not (outgoing.subject or "").isascii() else None
    ).encode(linesep="\r\n")
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{message_id}>"
    _add_threading(mail, outgoing, sender, config)
    raw = mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return Envelope(sender, (*to, *cc), message_id, raw)


def _checked(address: str, what: str) -> str:
    address = address.strip()
    if not _ADDRESS.match(address):
        raise Rejected(f"{_CONTROLS.sub(' ', address)[:100]!r} is not a mail address that can be used as {what}.")
    return address


def _mailbox(name: str, address: str) -> str:
    name = _CONTROLS.sub(" ", name).strip()
    return formataddr((name, address)) if name else address


def reply_subject(outgoing: Outgoing) -> str:
    """A single `Re:`, whatever prefixes earlier replies piled up in any language; a new mail keeps its subject."""
    subject = _CONTROLS.sub(" ", outgoing.subject or "").strip()
    if not (outgoing.in_reply_to or outgoing.references):
        return subject
    bare = _REPLY_PREFIX.sub("", subject, count=1) if _REPLY_PREFIX.match(subject) else subject
    return f"Re: {bare}".strip()


def _message_id(outgoing: Outgoing, sender: str) -> str:
    stored_id = (outgoing.message_id or "").strip().strip("<>")
    if not stored_id:
        stored_id = f"{outgoing.key}@{sender.rpartition('@')[2]}"
    if read_ids(f"<{stored_id}>") != (stored_id,) or not stored_id.isascii() or len(stored_id) > MAX_ID_LENGTH:
        raise Rejected(f"{stored_id[:100]!r} cannot be a Message-ID.")
    return stored_id


def _add_threading(mail: Message, outgoing: Outgoing, sender: str, config: Config) -> None:
    """RFC 5322, 3.6.4: In-Reply-To names the parent mail, References its whole ancestry. Ids we derived for mails
    without one mean nothing to others and aren't sent."""
    answered = [outgoing.in_reply_to.strip("<>")] if outgoing.in_reply_to else []
    before = [each.strip("<>") for each in outgoing.references]
    ancestry = dict.fromkeys([*(each for each in before if each not in answered), *answered])
    ids = [each for each in ancestry if is_real(each) and each.isascii() and read_ids(f"<{each}>") == (each,)]
    if answered and answered[0] in ids:
        mail["In-Reply-To"] = f"<{answered[0]}>"
    if ids:
        mail["References"] = "\r\n ".join(f"<{each}>" for each in ids)
    thread = outgoing.thread_id or outgoing.in_reply_to
    if config.setting("reply_marker") and thread:
        local, _, domain = sender.partition("@")
        mail["Reply-To"] = f"{local}+{marker_for(thread)}@{domain}"


def _signed(text: str, signature: str) -> str:
    text, signature = text.replace("\r\n", "\n").rstrip(), signature.replace("\r\n", "\n").strip()
    return f"{text}\n\n-- \n{signature}\n" if signature and not text.endswith(signature) else f"{text}\n"


def _body(text: str, markup: str | None, signature: object) -> Message:
    plain = _text_part(text, "plain")
    if not markup:
        return plain
    if signature:
        markup += "<p>-- <br>" + html.escape(str(signature), quote=False).replace("\n", "<br>") + "</p>"
    alternatives = MIMEMultipart("alternative")
    alternatives.attach(plain)
    alternatives.attach(_text_part(markup, "html"))
    return alternatives


def _text_part(text: str, subtype: str) -> Message:
    """ASCII in short lines goes out unencoded, everything else as quoted-printable, which survives every server and
    long lines."""
    part = MIMENonMultipart("text", subtype, charset="utf-8")
    simple = text.isascii() and all(len(line) <= _MAX_PLAIN_LINE for line in text.split("\n"))
    charset = Charset("utf-8")
    charset.body_encoding = None if simple else QP  # type: ignore[assignment]
    part.set_payload(text, charset)
    return part
