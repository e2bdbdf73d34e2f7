"""Addresses in headers: `Name <local@domain>`, groups, comments, quoted and encoded names, and broken variants."""

from __future__ import annotations

import re
from typing import NamedTuple

from channels.adapters.email.mime.headers import decode_words, plain

_SIMPLE = re.compile(r'(?:"([^"\\]*)"|([^"<>,;:()\\]*))<([^<>\s,;:"()@]+@[^<>\s,;:"()@]+)>\Z')
_BARE = re.compile(r'[^\s<>,;:"()@=?]+@[^\s<>,;:"()@=?]+\Z')
# An unclosed opener extends to the end, once; searching on from each one would take minutes.
_TOKEN = re.compile(
    r'=\?[^?\s]*\?[bBqQ]\?[^?]*\?=|"(?:[^"\\]|\\.)*+"?|\((?:[^()\\]|\\.)*+\)?|<[^<>]*>|[,;:]|[^\s"(<,;:=]+|\S',
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_COMMENT = re.compile(r"\([^()]*\)")
_UNQUOTED = str.maketrans('"()', "   ")
_MAX_LENGTH = 64 * 1024


class Address(NamedTuple):
    name: str
    """Display name, decoded; "" if there is none."""
    address: str
    """As written; "" if the header holds no address."""

    @property
    def key(self) -> str:
        return self.address.lower()

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2].lower()


def read_addresses(value: str) -> list[Address]:
    """Every address in one header value, in order. Entries without an address are left out."""
    value = value[:_MAX_LENGTH].strip()
    if not value:
        return []
    if simple := _SIMPLE.match(value):
        return [Address(plain(simple[1] or simple[2] or ""), simple[3])]
    if _BARE.match(value):
        return [Address("", value.rstrip("."))]
    found = _read_tokens(value)
    if not found and "=?" in value:  # the whole field was encoded, address included
        found = _read_tokens(decode_words(value))
    if not found and ('"' in value or "(" in value):  # an unclosed quote or comment hid it
        found = _read_tokens(value.translate(_UNQUOTED))
    return found


def first_address(values: list[str]) -> Address | None:
    """The first valid address of several header fields; failing that, a name without an address; else None."""
    for value in values:
        for address in read_addresses(value):
            return address
    name = next((plain(value).strip("\"'<> ") for value in values if plain(value).strip("\"'<> ")), "")
    return Address(name, "") if name else None


def _read_tokens(value: str) -> list[Address]:
    found: list[Address] = []
    words: list[str] = []
    comments: list[str] = []
    angle: str | None = None
    for match in _TOKEN.finditer(value + ","):
        piece = match[0]
        first = piece[0]
        if first in ",;":
            found += _build(words, comments, angle)
            words, comments, angle = [], [], None
        elif first == ":" and angle is None and not any("@" in word for word in words):
            words = []  # a group name
        elif first == "<" and len(piece) > 1:
            angle = piece[1:-1]
        elif first == "(" and len(piece) > 1:
            comments.append(piece[1:].removesuffix(")"))
        elif first == '"' and len(piece) > 1:
            words.append(_ESCAPED.sub(r"\1", piece[1:].removesuffix('"')))
        else:
            words.append(piece)
    return found


def _build(words: list[str], comments: list[str], angle: str | None) -> list[Address]:
    """The addresses in one list entry: one, several if commas are missing, or none."""
    if angle is not None:
        address = _tidy(_COMMENT.sub("", decode_words(angle)))
        if address:
            return [Address(plain(" ".join(words) or " ".join(comments)), address)]
    addresses = [address for address in map(_tidy, words) if address]
    if addresses:
        rest = [word for word in words if not _tidy(word)]
        name = plain(" ".join(rest) or " ".join(comments))
        return [Address(name if len(addresses) == 1 else "", address) for address in addresses]
    address = _tidy("".join(words))  # `jdoe @ one . test`, which RFC 822 allowed
    if not address and len(words) == 3 and words[1] == "at" and "." in words[2]:
        address = f"{words[0]}@{words[2]}"  # how list archives (pipermail) obfuscate addresses
    return [Address(plain(" ".join(comments)), address)] if address else []


def _tidy(text: str) -> str:
    """The address in a token without route, quotes and whitespace; "" if there is none."""
    text = "".join(text.split()).strip("'<>")
    if text.startswith("@") and ":" in text:  # an RFC 822 route: <@relay:user@host>
        text = text.rpartition(":")[2]
    if text.lower().startswith("mailto:"):
        text = text[7:]
    if text.startswith("=?"):
        return ""
    local, at, domain = text.rpartition("@")
    domain = domain.rstrip(".")
    return f"{local}@{domain}" if at and local and domain else ""
