"""The demo's keys and passwords: generated once, kept in a file only its owner may read."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.fernet import Fernet

from advocacy.demo.logins import LOGINS


@dataclass(frozen=True)
class Keys:
    secret_key: str
    encryption_key: str
    passwords: dict[str, str]
    """User name → password."""


def load(path: Path) -> Keys:
    """The stored keys, or new ones. A login added since gets a password."""
    kept = json.loads(path.read_text()) if path.exists() else {}
    passwords = kept.get("passwords", {})
    keys = Keys(
        secret_key=kept.get("secret_key") or secrets.token_urlsafe(48),
        encryption_key=kept.get("encryption_key") or Fernet.generate_key().decode(),
        passwords={login.username: passwords.get(login.username) or _password() for login in LOGINS},
    )
    if asdict(keys) != kept:
        _write(path, json.dumps(asdict(keys), indent=1))
    return keys


def _password() -> str:
    """Easy to type, 60 bits."""
    alphabet = "abcdefghijkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(3))


def _write(path: Path, text: str) -> None:
    """Write atomically, never readable by others, not even briefly."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(path.name + ".new")
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    scratch.replace(path)
