"""Requests leave the desk only through guarded addresses: any code that can open a connection is listed with its
reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("advocacy", "audit", "channels", "experts", "mentions", "metrics", "team")
OPENERS = {
    *("requests", "urllib.request", "urllib3", "http.client", "httpx", "aiohttp", "socket", "socketserver", "asyncio"),
    *("smtplib", "imaplib", "poplib", "ftplib", "telnetlib", "xmlrpc", "requests_oauthlib", "websockets"),
}
HARMLESS = ("requests.auth", "requests.PreparedRequest", "requests.RequestException", "requests_oauthlib.OAuth1")
"""Types and signatures."""
WAYS = {
    "channels/http/client.py": "the way out for all platforms, pages and webhooks",
    "channels/http/address_guard.py": "resolves and checks every address before it connects",
    "channels/http/deadlines.py": "limits the sockets of the two above",
    "channels/adapters/email/connection.py": "mail: connects to the address that the guard checked",
    "channels/adapters/email/receiving/folders.py": "mail, over the guarded socket",
    "channels/adapters/email/receiving/imap.py": "mail, over the guarded socket",
    "channels/adapters/email/sending/smtp.py": "mail, over the guarded socket",
    "channels/slack/connections.py": "Slack's API, at an address of the operator's settings",
    "channels/slack/api.py": "its errors",
    "channels/parsing/child.py": "a socket pair with its parent",
    "channels/parsing/pool.py": "a socket pair with its children",
    "advocacy/identity/oidc/accounts.py": "the provider that the operator's settings name",
    "advocacy/monitoring/connecting.py": "`check --connect`: the mail server of the operator's settings",
    "advocacy/demo/parts.py": "the demo's own processes",
    "advocacy/demo/ports.py": "the demo's own processes",
    "advocacy/embedded/redis.py": "the demo's own processes",
}


def test_nothing_else_opens_connections() -> None:
    files = [path for floor in FLOORS for path in (ROOT / floor).rglob("*.py") if "tests" not in path.parts]
    assert len(files) > 400
    assert {str(path.relative_to(ROOT)) for path in files if any(_openers(path))} == set(WAYS)


def _openers(path: Path) -> Iterator[str]:
    for name in _imported(ast.parse(path.read_text())):
        if not name.startswith(HARMLESS) and any(name == each or name.startswith(f"{each}.") for each in OPENERS):
            yield name


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
