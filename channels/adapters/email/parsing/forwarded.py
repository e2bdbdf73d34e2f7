"""Mails a colleague forwarded to the desk: the requester is the author of the original."""

from __future__ import annotations

import re

from channels.adapters.email.mime.addresses import Address, first_address, read_addresses
from channels.adapters.email.mime.headers import read_headers
from channels.adapters.email.mime.mime import Part

_FORWARD_SUBJECT = re.compile(r"\s*(?:fwd?|wg|tr|rv|vs|vb|i|doorst|enc|pd)\s*:", re.IGNORECASE)
_FORWARD_LINE = re.compile(
    r"[-\s]*(?:forwarded message|begin forwarded message|weitergeleitete nachricht|message transféré|mensaje reenviado"
    r"|anfang der weitergeleiteten nachricht|début du message (?:réexpédié|transféré)|messaggio inoltrato"
    r"|doorgestuurd bericht|mensagem encaminhada|vidarebefordrat meddelande)\s*:?[-\s]*\Z",
    re.IGNORECASE,
)
_ORIGINAL_LINE = re.compile(
    r"(?:[-\s]*(?:original message|ursprüngliche nachricht|message d'origine|mensaje original|messaggio originale"
    r"|oorspronkelijk bericht|mensagem original)\s*:?[-\s]*|_{10,})\Z",
    re.IGNORECASE,
)
_FROM_LINE = re.compile(r"[*\s>]*(?:from|von|de|da|van|från|fra)\s*:[*\s]*(\S.*)\Z", re.IGNORECASE)
_OTHER_LINE = re.compile(
    r"[*\s>]*(?:date|sent|to|subject|cc|datum|gesendet|an|betreff|envoyé|à|objet|fecha|enviado|para|asunto|data|oggetto"
    r"|inviato|verzonden|aan|onderwerp)\s*:",
    re.IGNORECASE,
)
_MAX_NOTE_LINES = 12
_MAX_SEARCHED = 60
_MAX_LINE = 300
_MAX_TEXT = 64 * 1024


def original_sender(mail: Part, subject: str, text: str) -> Address | None:
    """The original author of a forwarded mail; None if it isn't a forward, or doesn't name one."""
    says_forward = bool(_FORWARD_SUBJECT.match(subject))
    return _from_attached(mail, says_forward or not text.strip()) or _from_block(text, says_forward)


def _from_attached(mail: Part, is_forward: bool) -> Address | None:
    if not is_forward:
        return None
    for part in mail.walk():
        if part.type == "message/rfc822":
            sender = first_address(read_headers(part.content().lstrip(b"\r\n"))[0].all("from"))
            return sender if sender and sender.address else None
    return None


def _from_block(text: str, says_forward: bool) -> Address | None:
    """Forward markers only count at the very top of the text. With `Fwd:` in the subject a note may come first, and the
    markers that replies use are enough."""
    lines = [line[:_MAX_LINE] for line in text[:_MAX_TEXT].lstrip().split("\n")[:_MAX_SEARCHED]]
    notes = 0
    for number, line in enumerate(lines):
        marked = _FORWARD_LINE.match(line) or (says_forward and _ORIGINAL_LINE.match(line))
        begins = marked or (says_forward and _FROM_LINE.match(line))
        if begins and (sender := _sender_in(lines[number : number + 10])):
            return sender
        if line.strip():
            notes += 1
        if notes > (_MAX_NOTE_LINES if says_forward else 0):
            return None
    return None


def _sender_in(lines: list[str]) -> Address | None:
    """The sender named in a header block: a From line close to a date, recipient or subject line."""
    if not any(_OTHER_LINE.match(line) for line in lines):
        return None
    for line in lines:
        if match := _FROM_LINE.match(line):
            value = match[1].replace("[mailto:", "<").replace("]", ">") if "[mailto:" in match[1] else match[1]
            found = read_addresses(value.replace("*", ""))
            return found[0] if found else None
    return None
