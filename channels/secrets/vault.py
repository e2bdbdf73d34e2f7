"""Platform secrets: encrypted at rest, decrypted as late as possible, redacted from logs and stored errors.

A stored value is either a ciphertext under DESK_ENCRYPTION_KEYS (Fernet: https://cryptography.io/en/latest/fernet/) or
`env:NAME`, the name of an environment variable. Only names starting with DESK_CHANNEL_ are read: otherwise, anybody who
can edit a connection could send any variable (the database password) to an address of their choice.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from urllib.parse import quote, quote_plus

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.translation import gettext as _

from channels.errors import AuthFailed

ENV_PREFIX = "env:"
ENV_NAMES = "DESK_CHANNEL_"
_ENV_NAME = re.compile(rf"env:{ENV_NAMES}[A-Za-z0-9_]+\Z")
_SHORTEST_SCRUBBED = 4
_MAX_REMEMBERED = 1000
_opened: dict[str, tuple[str, ...]] = {}
"""Every secret this process has decrypted → its possible forms in text."""


class SecretUnreadable(AuthFailed):
    """A secret can't be decrypted (no key, wrong key, variable not set); only an admin can fix it."""


def seal(text: str) -> str:
    """The stored form of a secret; `env:` names and "" stay unchanged. Raises SecretUnreadable."""
    if not text or names_variable(text):
        return text
    return _cipher(tuple(settings.ENCRYPTION_KEYS)).encrypt(text.encode()).decode("ascii")


def open_sealed(value: str) -> str:
    """The secret of a stored value. Raises SecretUnreadable; its text never contains the value."""
    if not value:
        return ""
    text = _from_environment(value) if value.startswith(ENV_PREFIX) else _decrypted(value)
    remember(text)
    return text


def reseal(value: str) -> str:
    """Re-encrypt a stored value with the first key, after a key was prepended. Raises SecretUnreadable."""
    return value if not value or value.startswith(ENV_PREFIX) else seal(_decrypted(value))


def is_under_first_key(value: str) -> bool:
    """Whether the first key alone can decrypt a ciphertext."""
    try:
        Fernet(settings.ENCRYPTION_KEYS[0]).decrypt(value.encode("ascii", "replace"))
    except InvalidToken:
        return False
    return True


def names_variable(text: str) -> bool:
    return _ENV_NAME.match(text) is not None


def _from_environment(value: str) -> str:
    name = value.removeprefix(ENV_PREFIX)
    if not names_variable(value):
        raise SecretUnreadable(
            _(
                "A secret of this connection names the variable %(name)s, but only variables that start with %(begin)s "
                "are allowed."
            )
            % {"name": name, "begin": ENV_NAMES}
        )
    text = os.environ.get(name, "")
    if not text:
        raise SecretUnreadable(
            _("The variable %(name)s, which holds a secret of this connection, is not set in this process.")
            % {"name": name}
        )
    return text


def _decrypted(value: str) -> str:
    cipher = _cipher(tuple(settings.ENCRYPTION_KEYS))
    try:
        return cipher.decrypt(value.encode("ascii", "replace")).decode()
    except InvalidToken:
        raise SecretUnreadable(
            _(
                "A secret of this connection was sealed with another key. Add the old key to DESK_ENCRYPTION_KEYS, or "
                "enter the secret again."
            )
        ) from None


@lru_cache(maxsize=4)
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    """The first key encrypts, all keys decrypt."""
    if not keys:
        raise SecretUnreadable(
            _("DESK_ENCRYPTION_KEYS is not set, so secrets cannot be stored or read. Generate a key: %(how)s.")
            % {"how": "python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"}
        )
    ciphers = []
    for number, key in enumerate(keys, 1):
        try:
            ciphers.append(Fernet(key))
        except ValueError:
            raise SecretUnreadable(
                _("Key %(number)d of DESK_ENCRYPTION_KEYS is not 32 bytes in URL-safe base64.") % {"number": number}
            ) from None
    return MultiFernet(ciphers)


class SealedSecrets(Mapping[str, str]):
    """Name → secret, each decrypted on access: parsing needs none, and a repr shows only names."""

    __slots__ = ("_sealed",)

    def __init__(self, sealed: Mapping[str, str]) -> None:
        self._sealed = {name: value for name, value in sealed.items() if value}

    def __getitem__(self, name: str) -> str:
        return open_sealed(self._sealed[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._sealed)

    def __len__(self) -> int:
        return len(self._sealed)

    def __repr__(self) -> str:
        return f"SealedSecrets({', '.join(sorted(self._sealed))})"


def remember(secret: str) -> None:
    """Make `without_secrets` redact this secret."""
    if len(secret) >= _SHORTEST_SCRUBBED and secret not in _opened:
        while len(_opened) >= _MAX_REMEMBERED:
            _opened.pop(next(iter(_opened)), None)
        _opened[secret] = tuple(dict.fromkeys((secret, quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1])))


def without_secrets(text: str) -> str:
    """The text with every secret that this process has decrypted redacted."""
    for forms in sorted(_opened.values(), key=lambda f: len(f[0]), reverse=True):
        for form in forms:
            if form in text:
                text = text.replace(form, "•••")
    return text


def scrub_logs() -> None:
    """Redact secrets in all log records and tracebacks, whatever handlers are installed later."""
    make = logging.getLogRecordFactory()
    if getattr(make, "scrubs", False):
        return

    def scrubbed(*args: object, **kwargs: object) -> logging.LogRecord:
        record = make(*args, **kwargs)
        if _opened:
            _scrub(record)
        return record

    scrubbed.scrubs = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(scrubbed)


def _scrub(record: logging.LogRecord) -> None:
    try:
        message = record.getMessage()
    except Exception:  # a log call with wrong arguments: logging reports it
        return
    clean = without_secrets(message)
    if clean != message:
        record.msg, record.args = clean, ()
    if record.exc_info and record.exc_info[0] is not None and record.exc_text is None:
        traceback = logging.Formatter().formatException(record.exc_info)
        clean = without_secrets(traceback)
        if clean != traceback:
            # Formatters use an existing `exc_text` and don't format the exception again.
            record.exc_text, record.exc_info = clean, None
