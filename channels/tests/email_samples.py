"""Shared by the tests of mail parsing: a connection of Acme's, a mail, and the payloads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from channels.adapters.email import EmailAdapter
from channels.contract import Config, Item, Mention

ADAPTER = EmailAdapter()
PAYLOADS = Path(__file__).parent / "payloads" / "email"
MAILS = sorted(path for path in PAYLOADS.iterdir() if path.suffix in (".eml", ".mbox", ".txt", ".html"))
OURS = Config(
    settings={"default_domain": "acme.example", "trusted_authserv": "mx.acme.example", "sent_folder": "Sent"},
    addresses=("merch@acme.example", "community@acme.example"),
    own=frozenset({"sam@acme.example"}),
)
BASE = "From: dana@widgets.example\nTo: merch@acme.example\nSubject: Hoodie\nMessage-ID: <q@widgets.example>\n"


def parsed(text: str | bytes, config: Config = OURS, **payload: Any) -> Mention:
    raw = text.encode() if isinstance(text, str) else text
    mention = ADAPTER.parse(Item("x", payload, raw), config)
    assert mention is not None
    return mention


def with_header(*lines: str, body: str = "Acme?") -> str:
    return BASE + "".join(f"{line}\n" for line in lines) + f"\n{body}\n"
