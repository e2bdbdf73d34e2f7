"""Reuses an answer on another ticket: our own words only, with a check whether they may go there.

An answer to one customer names them in the greeting, in the quoted text below, in the lines above our signature; all of
these are removed. When a private answer goes to a public conversation, the text comes with a warning, addresses and
numbers are removed, and nobody inserts it unread.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from channels.registry.finding_adapters import UnknownPlatform, adapter_for
from channels.toolkit.quotes import written_now
from mentions.models import Ticket
from mentions.people import audience

MAX_TEXT = 20_000
MAX_CLOSING_LINES = 4
MAX_CLOSING_LINE = 60
LEFT_OUT = "[…]"

_GREETINGS = (
    "hi|hello|hey|hiya|dear|greetings|good (?:morning|afternoon|evening|day)|hallo|guten (?:tag|morgen|abend)|moin|"
    "servus|liebe[r]?|sehr geehrte[r]?|bonjour|salut|bonsoir|cher|chère|hola|buenos días|buenas tardes|"
    "estimad[oa]|"
    "olá|oi|bom dia|boa tarde|prezad[oa]|ciao|buongiorno|salve|gentile|hoi|beste|geachte|hej|hei|cześć|dzień dobry|"
    "ahoj|привет|здравствуйте|добрый день"
)
_GREETING = re.compile(
    rf"(?:{_GREETINGS})\b(?P<names>(?:[ \t]+[^\s,!:;–—]{{1,40}}){{0,4}})[ \t]{{0,3}}(?:[,!:;–—]+|$)", re.I
)
_NAMED = re.compile(r"(?:@[\w.-]{1,100}(?:@[\w.-]{1,100})?[,:]?[ \t]+){1,50}")
_CLOSING = re.compile(
    r"(?:(?:kind|best|warm|many)?[ \t]?(?:regards|wishes)|best|cheers|thanks|thank you|many thanks|thanks again|"
    r"sincerely|yours(?: (?:sincerely|truly|faithfully))?|all the best|take care|have a (?:nice|good|great) \w{1,12}|"
    r"(?:mit freundlichen|viele|beste|liebe|freundliche|schöne) grü(?:ß|ss)en?|grü(?:ß|ss)e|mfg|lg|vg|"
    r"cordialement|bien à vous|saludos|un saludo|atentamente|cumprimentos|abraços?|cordiali saluti|saluti|"
    r"met vriendelijke groet(?:en)?|groet(?:en|jes)?|(?:med )?vänlig(?:a)? hälsning(?:ar)?|pozdrawiam)"
    r"[ \t]{0,3}[,.!]{0,3}",
    re.I,
)
_DASHES = re.compile(r"[-–—][ \t]{0,3}\S.{0,60}")
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_NUMBER = re.compile(r"(?<![\w.])\+?\d[\d ()/-]{6,20}\d(?![\w.])")


@dataclass(frozen=True, slots=True)
class Answer:
    """`text` is empty if none of it was ours; without a `warning` it may be inserted at once."""

    text: str
    warning: str = ""


def answer_for(old: Ticket, other: Ticket | None) -> Answer:
    """The first answer given on `old`, for use on `other` (None: unknown, so possibly public). The caller has checked
    that the user may see both."""
    message = old.first_reply_message
    text = own_words(message.text) if message else ""
    if not text or not is_private(old) or (other is not None and is_private(other)):
        return Answer(text)
    where = other.channel.name if other is not None else _("somewhere else")
    warning = _(
        "This answer comes from a private conversation (%(private)s), and %(public)s is public. Read it, and "
        "remove anything about the person who asked. Addresses and numbers are already removed."
    ) % {"private": old.channel.name, "public": where}
    return Answer(without_contacts(text), warning)


def is_private(ticket: Ticket) -> bool:
    """Whether only the requester and we can read it: mail, a form, a report, a direct message, a restricted channel."""
    try:
        adapter = adapter_for(ticket.channel.connection.platform)
    except UnknownPlatform:
        return True
    threads = ticket.messages.values_list("thread_id", flat=True).distinct()
    if adapter.is_private or any(adapter.is_private_thread(thread) for thread in threads):
        return True
    return bool(audience.circle_of([ticket]).channels)


def own_words(text: str) -> str:
    """The team member's own text, without greeting, quotes, closing and signature. Pure, linear."""
    lines = written_now(text[:MAX_TEXT]).split("\n")
    lines = _without_closing(_without_greeting(lines))
    return "\n".join(lines).strip()


def _without_greeting(lines: list[str]) -> list[str]:
    first = next((n for n, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return lines
    line = lines[first].strip()
    if named := _NAMED.match(line + " "):
        line = line[named.end() :].strip()
    greeting = _GREETING.match(line)
    if greeting and all(name[:1].isupper() or name == "all" for name in greeting["names"].split()):
        line = line[greeting.end() :].lstrip()
    return [line, *lines[first + 1 :]]


def _without_closing(lines: list[str]) -> list[str]:
    """Drops `Kind regards,` and the lines below, if they are a name or two; and a last line that is only `— Maria`."""
    written = [n for n, line in enumerate(lines) if line.strip()]
    for at in written[-MAX_CLOSING_LINES:]:
        below = [lines[n].strip() for n in written if n > at]
        if _CLOSING.fullmatch(lines[at].strip()) and all(len(each) <= MAX_CLOSING_LINE for each in below):
            return lines[:at]
    if len(written) > 1 and _DASHES.fullmatch(lines[written[-1]].strip()):
        return lines[: written[-1]]
    return lines


def without_contacts(text: str) -> str:
    """Removes mail addresses and phone numbers. Pure, linear."""
    return _NUMBER.sub(LEFT_OUT, _MAIL.sub(LEFT_OUT, text))
