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
            raise Refused("is not a URL")
        if parts.scheme not in ("postgresql", "postgres", "pgsql", "psql"):
            raise Refused(f"is for {parts.scheme}, but the desk needs PostgreSQL")
        if not parts.path.strip("/"):
            raise Refused("has no database name")
        for name, value in query_of(parts):
            if name == "sslmode" and value not in SSL_MODES:
                raise Refused(f"has an sslmode other than {', '.join(SSL_MODES)}")
            if name in _SSL_FILES and value != "system" and not Path(value).is_file():
                raise Refused(f"has a {name} file that does not exist")
        return text

    remedy = (
        "Use postgresql://user:password@host:5432/name, with ?sslmode=verify-full&sslrootcert=/path/ca.pem for TLS. "
        "To try the desk with its own PostgreSQL and Redis, run script/demo."
    )


@dataclass(frozen=True)
class RedisAddress:
    """A Redis URL; `rediss://` for TLS, `ssl_ca_certs` in its query."""

    def read(self, text: str) -> str:
        parts = split_address(text)
        if parts is None or parts.scheme not in ("redis", "rediss") or not parts.hostname:
            raise Refused("is not a Redis URL")
        number = parts.path.strip("/")
        if number and not (number.isascii() and number.isdigit()):
            raise Refused("has a path that is not a database number")
        for name, value in query_of(parts):
            if name == "ssl_ca_certs" and not Path(value).is_file():
                raise Refused("has an ssl_ca_certs file that does not exist")
        return text

    remedy = "Use redis://:password@host:6379/0, or rediss://… for TLS."


@dataclass(frozen=True)
class MailServer:
    """A mail server URL, as django-environ reads it."""

    def read(self, text: str) -> str:
        parts = split_address(text)
        if parts is None or parts.scheme not in Env.EMAIL_SCHEMES:
            raise Refused("is not a mail server URL")
        if parts.scheme.startswith("smtp") and not parts.hostname:
            raise Refused("has no host")
        return text

    remedy = "Use smtp+tls://user:password@host:587, smtp+ssl://user:password@host:465 or consolemail://."
