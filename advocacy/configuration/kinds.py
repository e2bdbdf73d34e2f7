"""Setting kinds: each parses an environment variable, or says why it can't be used.

A refusal says what is wrong and never repeats the text: the caller decides whether it may be shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from cryptography.fernet import Fernet
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})
_HOST = re.compile(
    r"\.?[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?\Z|\[[0-9A-Fa-f:.]+\]\Z|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+\Z"
)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")
NEW_SIGNING_KEY = 'python -c "import secrets; print(secrets.token_urlsafe(48))"'
NEW_KEY = 'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
SECRET_KEY_LENGTH = 50


class Refused(ValueError):
    """Why a value can't be used; follows the setting's name: "is not a whole number"."""


class Kind(Protocol):
    """Parses a variable's text into a value."""

    def read(self, text: str) -> Any:
        """Parse a non-empty text. Raises Refused."""

    @property
    def remedy(self) -> str:
        """One sentence on what is allowed."""


@dataclass(frozen=True)
class Flag:
    """True or False."""

    def read(self, text: str) -> bool:
        if text.lower() not in _YES | _NO:
            raise Refused("is neither true nor false")
        return text.lower() in _YES

    remedy = "Use True or False."


@dataclass(frozen=True)
class Whole:
    """A whole number within bounds, both included."""

    least: int
    most: int
    unit: str = ""

    def read(self, text: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
            raise Refused("is not a whole number")
        value = int(text)
        if not self.least <= value <= self.most:
            raise Refused("is out of range")
        return value

    @property
    def remedy(self) -> str:
        return f"Use a whole number{f' of {self.unit}' if self.unit else ''} from {self.least} to {self.most}."


@dataclass(frozen=True)
class Text:
    """One line. `pattern`: a full match required of the text, with its description."""

    most: int = 200
    pattern: str = ""
    looks_like: str = ""

    def read(self, text: str) -> str:
        if _UNPRINTABLE.search(text):
            raise Refused("contains a line break or another control character")
        if len(text) > self.most:
            raise Refused(f"is longer than {self.most} characters")
        if self.pattern and not re.fullmatch(self.pattern, text):
            raise Refused("has the wrong format")
        return text

    @property
    def remedy(self) -> str:
        return self.looks_like or f"Use one line of at most {self.most} characters."


@dataclass(frozen=True)
class Choice:
    """One of a few values, case-insensitive."""

    allowed: tuple[str, ...]

    def read(self, text: str) -> str:
        found = next((word for word in self.allowed if word.lower() == text.lower()), None)
        if found is None:
            raise Refused("is not an allowed value")
        return found

    @property
    def remedy(self) -> str:
        return f"Use one of: {', '.join(self.allowed)}."


@dataclass(frozen=True)
class Listing:
    """Values separated by commas, each of one kind."""

    each: Kind

    def read(self, text: str) -> list[Any]:
        values = []
        for place, part in enumerate((part.strip() for part in text.split(",")), start=1):
            if not part:
                raise Refused(f"has an empty item at position {place}")
            try:
                values.append(self.each.read(part))
            except Refused as refusal:
                raise Refused(f"has an item at position {place} that {refusal}") from None
        return values

    @property
    def remedy(self) -> str:
        return f"Separate items with commas. For each: {self.each.remedy}"


@dataclass(frozen=True)
class Host:
    """A host name or address; `with_port`: `host:port`, where the port is optional."""

    with_port: bool = False
    with_any: bool = False

    def read(self, text: str) -> str:
        if self.with_any and text == "*":
            return text  # a separate check explains it and knows the right name
        host, colon, port = (
            text.rpartition(":") if self.with_port and re.search(r"[^:]:[^:]*\Z", text) else (text, "", "")
        )
        if not _HOST.match(host):
            raise Refused("is not a host")
        if colon and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise Refused("needs a port from 1 to 65535 after the colon")
        return text

    @property
    def remedy(self) -> str:
        shown = "forum.internal:8443" if self.with_port else "desk.example.com"
        return f"Use a host name without http:// or a path, such as {shown}."


@dataclass(frozen=True)
class Mail:
    """A mail address, `name@host`, optionally with a display name: `Desk <desk@example.com>`."""

    with_name: bool = False

    def read(self, text: str) -> str:
        inner = re.fullmatch(r"[^<>\r\n]*<([^<>\s]+)>", text) if self.with_name else None
        try:
            validate_email(inner[1] if inner else text)
        except ValidationError:
            raise Refused("is not an email address") from None
        return text

    remedy = "Use an email address such as team@example.com."


@dataclass(frozen=True)
class Address:
    """A URL with a host. `bare`: only scheme, host and port."""

    schemes: tuple[str, ...] = ("http", "https")
    example: str = "https://desk.example.com"
    bare: bool = False

    def read(self, text: str) -> str:
        parts = split_address(text)
        if parts is None or parts.scheme not in self.schemes or not parts.hostname or not _HOST.match(parts.hostname):
            raise Refused("is not a URL")
        if self.bare and (parts.path.strip("/") or parts.query or parts.fragment or parts.username):
            raise Refused("has more than scheme, host and port")
        return text

    @property
    def remedy(self) -> str:
        return f"Use a URL that starts with {' or '.join(f'{s}://' for s in self.schemes)}, such as {self.example}."


@dataclass(frozen=True)
class Folder:
    """An absolute path."""

    def read(self, text: str) -> str:
        if not text.startswith("/") or _UNPRINTABLE.search(text):
            raise Refused("is not an absolute path")
        return text

    remedy = "Use an absolute path, such as /var/lib/desk/static."


@dataclass(frozen=True)
class SigningKey:
    """Long and random."""

    def read(self, text: str) -> str:
        if len(text) < SECRET_KEY_LENGTH or len(set(text)) < 10 or text.startswith("django-insecure"):
            raise Refused(f"is too weak: use at least {SECRET_KEY_LENGTH} random characters")
        return text

    remedy = f"Generate one and keep it: {NEW_SIGNING_KEY}"


@dataclass(frozen=True)
class EncryptionKey:
    """A Fernet key."""

    def read(self, text: str) -> str:
        try:
            Fernet(text)
        except ValueError:
            raise Refused("is malformed") from None
        return text

    remedy = (
        "A key is 32 bytes in URL-safe base64 (44 characters). The first one encrypts, all of them decrypt. Keep them "
        f"apart from the database's backups. Generate one: {NEW_KEY}"
    )


def split_address(text: str) -> Any:
    """`urlsplit`, or None if the text is not a URL (a broken IPv6 host, a non-numeric port, white space)."""
    if re.search(r"[\s\x00-\x1f\x7f]", text):
        return None
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 (raises when it is no number)
    except ValueError:
        return None
    return parts


def query_of(parts: Any) -> Sequence[tuple[str, str]]:
    """Names and values of the query, in order."""
    pairs = (pair.partition("=") for pair in parts.query.split("&") if pair)
    return [(unquote(name), unquote(value)) for name, _, value in pairs]
