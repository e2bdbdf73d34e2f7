"""Setting kinds for services: PostgreSQL, Redis, the server for the desk's own mail."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from environ import Env

from advocacy.configuration.kinds import Refused, query_of, split_address

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_SSL_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")


@dataclass(frozen=True)
class DatabaseAddress:
    """A PostgreSQL URL as libpq reads it; `sslmode`, `sslrootcert` and `options` go in its query."""

    def read(self, text: str) -> str:
        parts = split_address(text)
        if parts is None or not parts.scheme:
            raise Refused("is not an address")
        if parts.scheme not in ("postgresql", "postgres", "pgsql", "psql"):
            raise Refused(f"names {parts.scheme}, but the desk needs PostgreSQL")
        if not parts.path.strip("/"):
            raise Refused("names no database")
        for name, value in query_of(parts):
            if name == "sslmode" and value not in SSL_MODES:
                raise Refused(f"has an sslmode that is none of {', '.join(SSL_MODES)}")
            if name in _SSL_FILES and value != "system" and not Path(value).is_file():
                raise Refused(f"names a file as {name} that is not there")
        return text

    remedy = (
        "Use postgresql://user:password@host:5432/name, with ?sslmode=verify-full&sslrootcert=/path/ca.pem for TLS. "
        "For a desk that brings its own PostgreSQL and Redis, to look around, run script/demo."
    )


@dataclass(frozen=True)
class RedisAddress:
    """A Redis URL; `rediss://` for TLS, `ssl_ca_certs` in its query."""

    def read(self, text: str) -> str:
        parts = split_address(text)
        if parts is None or parts.scheme not in ("redis", "rediss") or not parts.hostname:
            raise Refused("is not the address of a Redis")
        number = parts.path.strip("/")
        if number and not (number.isascii() and number.isdigit()):
            raise Refused("has a path that is not the number of a database")
        for name, value in query_of(parts):
            if name == "ssl_ca_certs" and not Path(value).is_file():
                raise Refused("names a file as ssl_ca_certs that is not there")
        return text

    remedy = "Use redis://:password@host:6379/0, or rediss://… for TLS."


@dataclass(frozen=True)
class MailServer:
    """A mail server URL, as django-environ reads it."""

    def read(self, text: str) -> str:
        parts = split_address(text)
        if parts is None or parts.scheme not in Env.EMAIL_SCHEMES:
            raise Refused("is not the address of a mail server")
        if parts.scheme.startswith("smtp") and not parts.hostname:
            raise Refused("names no host")
        return text

    remedy = "Use smtp+tls://user:password@host:587, smtp+ssl://user:password@host:465 or consolemail://."
