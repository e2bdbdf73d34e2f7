"""Who sent a mail: ours only if proved, never just because From says so."""

from __future__ import annotations

import re

from channels.adapters.email.mime.addresses import Address
from channels.adapters.email.mime.headers import Headers
from channels.contract import Config

_RESULT = re.compile(r"\s*(dkim|spf|dmarc)\s*=\s*([a-z]+)\b(.*)", re.IGNORECASE | re.DOTALL)
_PROPERTY = re.compile(r"\b(header\.d|header\.i|header\.from|smtp\.mailfrom)\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)
_PROVES = {"dkim": ("header.d", "header.i"), "spf": ("smtp.mailfrom",), "dmarc": ("header.from",)}
_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")


def is_ours(address: str, config: Config) -> bool:
    """Whether a lower-case address is one of our aliases or an account that speaks for us, ignoring any plus-part."""
    local, _, domain = address.partition("@")
    base = f"{local.partition('+')[0]}@{domain}"
    return any(each in config.own or each in config.addresses for each in (address, base))


def is_colleague(author: Address, config: Config) -> bool:
    domain = str(config.setting("default_domain", "")).lower()
    return is_ours(author.key, config) or (bool(domain) and author.domain == domain)


def is_our_message_id(message_id: str, config: Config) -> bool:
    """Whether the desk made this id: a UUID at one of our domains, since mail clients also make ids there."""
    local, _, domain = message_id.lower().rpartition("@")
    domains = {address.rpartition("@")[2] for address in config.addresses}
    domains.add(str(config.setting("default_domain", "")).lower())
    return domain in domains and bool(domain) and bool(_UUID.search(local))


def is_authenticated(headers: Headers, author: Address, config: Config) -> bool:
    """Whether our own mail server vouches for the From domain (RFC 8601).

    Only the topmost Authentication-Results naming our server counts: the server prepends its own to any the sender
    forged. Two From headers prove nothing about either.
    """
    trusted = str(config.setting("trusted_authserv", "")).lower()
    if not trusted or not author.address or len(headers.all("from")) != 1:
        return False
    for value in headers.all("authentication-results"):
        value = _bare(value)
        server, _, results = value.partition(";")
        if server.split() and server.split()[0].lower() == trusted:
            return any(_proves(result, author.domain) for result in results.split(";"))
    return False


def _bare(value: str) -> str:
    """A header value without comments and quoted strings. Senders control both, e.g. a HELO name or a quoted local part
    that spells a fake result. An unterminated one invalidates the whole value."""
    out: list[str] = []
    depth, quoted, escaped = 0, False, False
    for letter in value:
        if escaped:
            escaped = False
        elif letter == "\\":
            escaped = True
        elif quoted:
            quoted = letter != '"'
        elif letter == '"':
            quoted = True
        elif letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
        elif depth == 0:
            out.append(letter)
        if depth < 0:
            return ""
    return "" if depth or quoted else "".join(out)


def _proves(result: str, domain: str) -> bool:
    match = _RESULT.match(result)
    if not match or match[2].lower() != "pass":
        return False
    wanted = _PROVES[match[1].lower()]
    return any(
        name.lower() in wanted and _aligned(value.rpartition("@")[2].lower().rstrip("."), domain)
        for name, value in _PROPERTY.findall(match[3])
    )


def _aligned(proved: str, domain: str) -> bool:
    """Relaxed alignment of RFC 7489, 3.1: the same domain, or one inside the other. A bare `com` aligns with
    nothing."""
    if proved == domain:
        return True
    return "." in proved and (domain.endswith("." + proved) or proved.endswith("." + domain))
