"""Delivery reports: which of our messages they are about, and the outcome (RFC 3464 and older formats)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from channels.adapters.email.mime.addresses import read_addresses
from channels.adapters.email.mime.headers import Headers, plain, read_headers
from channels.adapters.email.mime.mime import Part
from channels.adapters.email.parsing.references import read_ids, references, replied_to

_RETURNED = ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global", "message/partial")
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_SMTP_CODE = re.compile(r"\b5[0-9]{2}[ -]\S|\b5\.\d{1,3}\.\d{1,3}\b")
_MESSAGE_ID_LINE = re.compile(r"^[>|\s]{0,20}(?:X-)?(?:Original-)?Message-ID:\s{0,20}(<[^<>\s]{1,900}>)", re.I | re.M)
_FAILED_ADDRESS = re.compile(
    r"^[ \t]{0,20}<?([^\s<>@:;,\"()]{1,64}@[A-Za-z0-9.-]{1,190})>?[ \t]{0,9}[:;]?[ \t]{0,9}(?:\([^()\n]*\))?$", re.M
)
_LOOKS_RETURNED = re.compile(
    r"undeliver|delivery|returned mail|failure|failed|unzustellbar|non remis|no se pudo|not deliver|bounce", re.I
)
_ROBOTS = frozenset({"mailer-daemon", "mail-daemon", "postmaster", "post_master"})
_MAX_DIAGNOSTIC = 500


@dataclass(frozen=True, slots=True)
class Bounce:
    """A report's contents; None for missing values. `about` is a Message-ID, `action` one of RFC 3464, 2.3.3."""

    about: str | None
    action: str | None
    status: str | None
    recipient: str | None
    diagnostic: str | None

    @property
    def failed(self) -> bool:
        """A delay warning or a receipt isn't a failure."""
        return self.action in (None, "failed") and not (self.status or "").startswith(("2.", "4."))

    def facts(self) -> dict[str, str | None]:
        return {
            "about": self.about,
            "action": self.action,
            "status": self.status,
            "recipient": self.recipient,
            "diagnostic": self.diagnostic,
        }


def read_bounce(mail: Part, text: str, account: str) -> Bounce | None:
    """The delivery report in a mail, or None. `text` is the mail's body, `account` the sender's local part in lower
    case."""
    report = _status_part(mail)
    if report is None and not _is_old_style(mail, text, account):
        return None
    fields = _status_fields(report.content()) if report else Headers()
    status = _STATUS.search(fields.first("status")) or _STATUS.search(fields.first("diagnostic-code"))
    status = status or _STATUS.search(text[:8000])
    return Bounce(
        about=_about(mail, fields, text),
        action=fields.first("action").split(" ")[0].lower() or None,
        status=status[1] if status else None,
        recipient=_recipient(mail, fields, "" if report else text),
        diagnostic=_diagnostic(fields),
    )


def _status_part(mail: Part) -> Part | None:
    if not mail.children:
        return None
    return next((part for part in mail.walk() if part.type.endswith("delivery-status")), None)


def _is_old_style(mail: Part, text: str, account: str) -> bool:
    """Reports from servers without RFC 3464: sent by a robot or a null sender, and recognised by the subject, the
    returned mail or a status code."""
    headers = mail.headers
    if "x-failed-recipients" in headers:
        return True
    if mail.type == "multipart/report":
        return mail.params.get("report-type", "delivery-status").lower() == "delivery-status"
    nobody = headers.first("return-path").replace(" ", "") == "<>"
    if account not in _ROBOTS and not nobody:
        return False
    returned = any(part.type in _RETURNED for part in mail.walk()) or bool(_SMTP_CODE.search(text[:8000]))
    return returned or bool(_LOOKS_RETURNED.search(headers.text("subject") or ""))


def _status_fields(content: bytes) -> Headers:
    """The fields of the first recipient that failed, merged over the per-message fields."""
    groups: list[Headers] = []
    rest = content.lstrip(b"\r\n")
    while rest.strip() and len(groups) < 50:
        group, rest = read_headers(rest)
        if not len(group):
            break
        groups.append(group)
        rest = rest.lstrip(b"\r\n")
    about_recipient = [
        group for group in groups if "action" in group or "final-recipient" in group or "status" in group
    ]
    failed = [group for group in about_recipient if group.first("action").lower().startswith("failed")]
    chosen = (failed or about_recipient or [Headers()])[0]
    for group in groups:
        for name in group:
            if name not in chosen:
                chosen.add(name, group.first(name).encode())
    return chosen


def _recipient(mail: Part, fields: Headers, text: str) -> str | None:
    values = [fields.first(name).rpartition(";")[2] for name in ("original-recipient", "final-recipient")]
    for value in (*values, mail.headers.first("x-failed-recipients")):
        if found := read_addresses(value):
            return found[0].key
    named = _FAILED_ADDRESS.search(text[:4000])
    return named[1].lower() if named else None


def _diagnostic(fields: Headers) -> str | None:
    kind, semicolon, said = fields.first("diagnostic-code").partition(";")
    return plain(said if semicolon else kind)[:_MAX_DIAGNOSTIC] or None


def _about(mail: Part, fields: Headers, text: str) -> str | None:
    """The Message-ID of the undelivered mail: from the returned mail, the report, the text, or the threading
    headers."""
    for part in mail.walk():
        if part.type in _RETURNED:
            returned, _ = read_headers(part.content().lstrip(b"\r\n"))
            if ids := read_ids(returned.first("message-id")):
                return ids[0]
    for name in ("x-original-message-id", "original-message-id", "message-id", "x-message-id"):
        if ids := read_ids(fields.first(name)):
            return ids[0]
    if match := _MESSAGE_ID_LINE.search(text):
        return read_ids(match[1])[0]
    related = (*replied_to(mail.headers), *reversed(references(mail.headers)))
    return related[0] if related else None
