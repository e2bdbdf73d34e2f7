"""Addresses in headers: `Name <local@domain>`, groups, comments, quoted and encoded names, and the broken ones."""

from __future__ import annotations

import re
from typing import NamedTuple

from channels.adapters.email.mime.headers import decode_words, plain

_SIMPLE = re.compile(r'(?:"([^"\\]*)"|([^"<>,;:()\\]*))<([^<>\s,;:"()@]+@[^<>\s,;:"()@]+)>\Z')
_BARE = re.compile(r'[^\s<>,;:"()@=?]+@[^\s<>,;:"()@=?]+\Z')
# What is opened and never closed reaches to the end, once; searching on from every such sign would take minutes.
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
    """As it is written; "" where the header holds no address at all."""

    @property
    def key(self) -> str:
        return self.address.lower()

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2].lower()


def read_addresses(value: str) -> list[Address]:
    """Every address of one header value, in order. Entries without an address are left out."""
    value = value[:_MAX_LENGTH].strip()
    if not value:
        return []
    if simple := _SIMPLE.match(value):
        return [Address(plain(simple[1] or simple[2] or ""), simple[3])]
    if _BARE.match(value):
        return [Address("", value.rstrip("."))]
    found = _read_tokens(value)
    if not found and "=?" in value:  # the whole field was encoded, address and all
        found = _read_tokens(decode_words(value))
    if not found and ('"' in value or "(" in value):  # a quote or comment that was never closed hid it
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
            words = []  # the name of a group
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
    """The addresses in one entry of a list: one, or several where the commas were forgotten, or none."""
    if angle is not None:
        address = _tidy(_COMMENT.sub("", decode_words(angle)))
        if address:
            return [Address(plain(" ".join(words) or " ".join(comments)), address)]
    addresses = [address for address in map(_tidy, words) if address]
    if addresses:
        rest = [word for word in words if not _tidy(word)]
        name = plain(" ".join(rest) or " ".join(comments))
        return [Address(name if len(addresses) == 1 else "", address) for address in addresses]
    address = _tidy("".join(words))  # `jdoe @ one . test`, as RFC 822 allowed
    if not address and len(words) == 3 and words[1] == "at" and "." in words[2]:
        address = f"{words[0]}@{words[2]}"  # how list archives (pipermail) hide addresses from robots
    return [Address(plain(" ".join(comments)), address)] if address else []


def _tidy(text: str) -> str:
    """The address in a token without route, quotes and blanks; "" if it is none."""
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
