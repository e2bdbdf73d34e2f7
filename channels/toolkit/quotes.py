"""Folding of mail text: what was written now, what is quoted below, and the signature. Pure, linear, nothing is lost.

Line by line and by hand: the reply-parser libraries strip lines, drop what they take for noise, and search with
patterns (`(.|\\s)*`) that a hostile mail turns into minutes of work. Here the pieces put together are the text again.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Literal

Kind = Literal["body", "quote", "signature"]

_WROTE = (
    # (start of the first line, end of the last line): an attribution may be folded over three lines
    (re.compile(r"on\b", re.I), re.compile(r"wrote:?$", re.I)),
    (
        re.compile(r"\d{4}[-/.]\d\d?[-/.]\d\d?\b.*(?:<|@)", re.I),
        re.compile(r"(?:<[^<>]{3,200}>|wrote)\s{0,3}:?$", re.I),
    ),
    (
        re.compile(r"\d\d?[./]\d\d?[./]\d{2,4}\b", re.I),
        re.compile(r"(?:wrote|написал[аи]?|пише|schrieb)\s?:$", re.I),
    ),
    (re.compile(r"am\b", re.I), re.compile(r"schrieb\b.{0,120}:$", re.I)),
    (re.compile(r"le\b", re.I), re.compile(r"a écrit\s{0,3}:$", re.I)),
    (re.compile(r"el\b", re.I), re.compile(r"escribió:$", re.I)),
    (re.compile(r"em\b", re.I), re.compile(r"escreveu:$", re.I)),
    (re.compile(r"il\b", re.I), re.compile(r"ha scritto:$", re.I)),
    (re.compile(r"op\b", re.I), re.compile(r"schreef\b.{0,120}:$", re.I)),
    (re.compile(r"(?:den|på)\b", re.I), re.compile(r"skrev\b.{0,120}:$", re.I)),
    (re.compile(r"w dniu\b|dnia\b", re.I), re.compile(r"(?:napisał(?:\(a\)|a)?|pisze):$", re.I)),
)
_DATED = re.compile(r"\d")
_NAME_WROTE = re.compile(
    r"\S.{0,150}\S\s(?:wrote|writes|schrieb|a écrit|escribió|escreveu|ha scritto|schreef|skrev)\s?:$", re.I
)
_SEPARATOR = re.compile(
    r"[-_*\s]{0,40}(?:original message|original appointment|forwarded message|begin forwarded message|reply message"
    r"|ursprüngliche nachricht|weitergeleitete nachricht|message d'origine|message transféré|mensaje original"
    r"|mensaje reenviado|messaggio originale|messaggio inoltrato|oorspronkelijk bericht|mensagem original"
    r"|ursprungligt meddelande)\s?:?[-_*\s]{0,40}$",
    re.I,
)
_RULE = re.compile(r"_{10,}$|-{10,}$")
_FROM = re.compile(r"\*?(?:from|von|de|da|van|från|fra|od)\s?:\*?\s?\S", re.I)
_HEADER = re.compile(
    r"\*?(?:from|sent|to|cc|date|subject|reply-to|importance|von|gesendet|an|datum|betreff|de|envoyé|à|objet|enviado"
    r"|enviado el|para|asunto|fecha|da|inviato|a|oggetto|data|van|verzonden|aan|onderwerp|från|skickat|till|ämne)\s?:",
    re.I,
)
_SENT_FROM = re.compile(
    r"(?:sent from (?:my |an? |the )?(?:\S+ ?){1,5}|sent (?:with|via|using) \S.{0,60}|get outlook for \S.{0,60}"
    r"|(?:von meinem|gesendet von|gesendet mit) \S.{0,60}|envoyé (?:de mon|depuis) \S.{0,60}"
    r"|enviado (?:desde|do meu) \S.{0,60}|inviato (?:da|dal) \S.{0,60}|verstuurd vanaf \S.{0,60}"
    r"|verzonden (?:vanaf|met) \S.{0,60}|skickat från \S.{0,60})$",
    re.I,
)
_SENTENCE = re.compile(r"[,;]|[.!?]$")
_MAX_ATTRIBUTION_LINES = 4


def fold_quotes(text: str) -> list[tuple[Kind, str]]:
    """Pieces of a mail's text in order; joined by newlines they are the text again.

    A mail that is nothing but quoted text comes as one `quote`; one that answers between the lines as body and quote by
    turns.
    """
    lines = text.split("\n")
    kinds = _kinds(lines)
    pieces: list[tuple[Kind, list[str]]] = []
    for kind, line in zip(kinds, lines, strict=True):
        if pieces and pieces[-1][0] == kind:
            pieces[-1][1].append(line)
        else:
            pieces.append((kind, [line]))
    return [(kind, "\n".join(part)) for kind, part in pieces]


def written_now(text: str) -> str:
    """Only what the writer added, quotes and signature left out."""
    return "\n".join(piece for kind, piece in fold_quotes(text) if kind == "body").strip()


def _kinds(lines: list[str]) -> list[Kind]:
    kinds: list[Kind] = []
    number = 0
    while number < len(lines):
        line = lines[number].strip()
        if line.startswith(">"):
            kinds.append("quote")
            number += 1
        elif length := _attribution(lines, number):
            kinds += ["quote"] * length
            number += length
            if not _is_quoted_below(lines, number):
                return _rest(kinds, lines, "quote")
        elif _begins_history(lines, number):
            return _rest(kinds, lines, "quote")
        elif _begins_signature(lines, number):
            number = _signature(kinds, lines, number)
        else:
            kinds.append("body")
            number += 1
    return _blank_lines_belong(kinds, lines)


def _rest(kinds: list[Kind], lines: list[str], kind: Kind) -> list[Kind]:
    kinds += [kind] * (len(lines) - len(kinds))
    return _blank_lines_belong(kinds, lines)


def _attribution(lines: list[str], number: int) -> int:
    """How many lines an `On … wrote:` takes, 0 if there is none. It must name a date, so that a sentence that begins
    with *On* and another that ends in *wrote:* do not swallow what stands between them."""
    first = lines[number].strip()
    if not first or len(first) > 300:
        return 0
    for start, end in _WROTE:
        if not start.match(first):
            continue
        joined = ""
        for length, line in enumerate(lines[number : number + _MAX_ATTRIBUTION_LINES], start=1):
            if not line.strip() or line.lstrip().startswith(">"):
                break
            joined += " " + line.strip()
            if end.search(line.strip()) and _DATED.search(joined) and len(joined) < 400:
                return length
    return 1 if _NAME_WROTE.match(first) and _next_is_quoted(lines, number + 1) else 0


def _next_is_quoted(lines: list[str], number: int) -> bool:
    following = next((line for line in lines[number : number + 3] if line.strip()), "")
    return following.lstrip().startswith(">")


def _is_quoted_below(lines: list[str], number: int) -> bool:
    """Whether what an attribution announces is marked by `>`; if not (Gmail's HTML, Outlook), all the rest is meant."""
    following = next((line for line in islice(lines, number, None) if line.strip()), ">")
    return following.lstrip().startswith(">")


def _begins_history(lines: list[str], number: int) -> bool:
    """A separator, or a block of headers as Outlook puts it above the mail that is answered."""
    line = lines[number].strip()
    if _SEPARATOR.match(line):
        return True
    if _RULE.match(line):
        following = [each.strip() for each in lines[number + 1 : number + 4] if each.strip()]
        return bool(following) and bool(_FROM.match(following[0])) and _headers_at(lines, number + 1) >= 2
    return bool(_FROM.match(line)) and _headers_at(lines, number) >= 3


def _headers_at(lines: list[str], number: int) -> int:
    return sum(1 for line in lines[number : number + 8] if _HEADER.match(line.strip()))


def _begins_signature(lines: list[str], number: int) -> bool:
    """`-- ` (RFC 3676, 4.3), also without its space; a mailing list's rule; `Sent from my phone` on a line of its own
    at the end of what was written."""
    line = lines[number]
    if line.rstrip() in ("--", "—") and line[:1] in "-—":
        return True
    stripped = line.strip()
    if _RULE.match(stripped) and stripped[0] == "_":
        return _is_end(lines, number, most=8)
    return bool(_SENT_FROM.match(stripped)) and not _SENTENCE.search(stripped) and _is_end(lines, number, most=3)


def _is_end(lines: list[str], number: int, most: int) -> bool:
    """Whether at most so many lines are left before the mail ends or quoted text begins."""
    written = 0
    for at in range(number, len(lines)):
        line = lines[at].strip()
        if line.startswith(">") or (at > number and (_attribution(lines, at) or _begins_history(lines, at))):
            return True
        written += bool(line)
        if written > most:
            return False
    return True


def _signature(kinds: list[Kind], lines: list[str], number: int) -> int:
    """Everything up to the quoted text or the end."""
    while number < len(lines):
        line = lines[number].strip()
        if line.startswith(">") or _attribution(lines, number) or _begins_history(lines, number):
            break
        kinds.append("signature")
        number += 1
    return number


def _blank_lines_belong(kinds: list[Kind], lines: list[str]) -> list[Kind]:
    """Blank lines go with what stands before them, so that no piece is empty."""
    for number in range(1, len(kinds)):
        if not lines[number].strip() and kinds[number] != kinds[number - 1]:
            kinds[number] = kinds[number - 1]
    return kinds
