"""One IMAP session: connecting, logging in, and error mapping. Read-only except for filing our own mail: folders are
opened read-only and mails are peeked at, so nothing is marked as seen, moved or deleted."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from imap_tools.errors import ImapToolsError, MailboxFolderSelectError, MailboxLoginError
from imap_tools.mailbox import BaseMailBox

from channels.adapters.email.connection import Server, connect, server_of
from channels.contract import Config
from channels.errors import AuthFailed, ChannelError, Transient
from channels.http import deadlines

# Temporary refusals, although they come as an answer to LOGIN: RFC 5530, section 3.
_PASSING = re.compile(r"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG|CONTACTADMIN)\]|try again|too many", re.IGNORECASE)


class NoSuchFolder(ChannelError):
    """The server can't open this folder; callers decide what that means."""


class _Limited(imaplib.IMAP4):
    """An IMAP session that ends with the time limit of the work that uses it."""

    def open(self, *args: Any, **kwargs: Any) -> None:
        super().open(*args, **kwargs)
        self._limit()

    def starttls(self, ssl_context: ssl.SSLContext | None = None) -> Any:
        answered = super().starttls(ssl_context)
        self._limit()
        return answered

    def send(self, data: Any) -> None:
        with deadlines.cutting(self.sock):
            super().send(data)

    def _limit(self) -> None:
        self.file.close()
        self.file = deadlines.reader(self.sock)


class _Plain(_Limited):
    def __init__(self, server: Server) -> None:
        self._server = server
        super().__init__(server.host, server.port, server.timeout_s)

    def _create_socket(self, timeout: float | None) -> object:
        return connect(self._server, timeout)


class _Secure(_Limited, imaplib.IMAP4_SSL):
    def __init__(self, server: Server) -> None:
        self._server = server
        super().__init__(server.host, server.port, ssl_context=_tls(), timeout=server.timeout_s)

    def _create_socket(self, timeout: float | None) -> object:
        return self.ssl_context.wrap_socket(connect(self._server, timeout), server_hostname=self._server.host)


class _MailBox(BaseMailBox):
    """imap-tools over a guarded socket."""

    def __init__(self, server: Server) -> None:
        self._server = server
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        if self._server.security == "ssl":
            return _Secure(self._server)
        client = _Plain(self._server)
        if self._server.security == "starttls":
            try:
                client.starttls(ssl_context=_tls())
            except BaseException:
                client.shutdown()
                raise
        return client


def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


class Session:
    """A logged-in mailbox. Methods raise imaplib.IMAP4.error, OSError and ImapToolsError; `open_session` maps them."""

    def __init__(self, box: BaseMailBox) -> None:
        self.box = box

    def open_folder(self, folder: str) -> int:
        """Open read-only; returns UIDVALIDITY (0 if the server has none). Raises NoSuchFolder."""
        try:
            self.box.folder.set(folder, readonly=True)
        except MailboxFolderSelectError as error:
            raise NoSuchFolder(f"The mailbox has no folder {folder!r} that can be opened.") from error
        found = self.box.client.response("UIDVALIDITY")[1]
        return int(found[-1]) if found and found[-1] else 0

    def uids(self, criteria: str) -> list[int]:
        """UIDs in ascending order."""
        return sorted(int(uid) for uid in self.box.uids(criteria, charset=None))

    def fetch(self, uids: list[int], what: str) -> list[tuple[bytes, bytes | None]]:
        """(metadata, literal or None) of each mail the server knows."""
        status, lines = self.box.client.uid("FETCH", ",".join(map(str, uids)), what)
        if status != "OK":
            raise imaplib.IMAP4.error(f"FETCH refused: {_said(lines)}")
        return _mails(lines)

    def count(self, folder: str) -> int:
        return int(self.box.folder.status(folder, ["MESSAGES"])["MESSAGES"])

    def append(self, folder: str, raw: bytes, at: datetime) -> None:
        """File one of our mails, marked as seen."""
        self.box.append(raw, folder, dt=at, flag_set=["\\Seen"])


def _said(lines: list[object]) -> str:
    first = lines[0] if lines else b""
    return first.decode("utf-8", "replace") if isinstance(first, bytes) else ""


def _mails(lines: list[object]) -> list[tuple[bytes, bytes | None]]:
    """imaplib returns a mail with a literal as a pair, followed by the rest of its line; one without as a plain
    line."""
    found: list[tuple[bytes, bytes | None]] = []
    head: bytes = b""
    literal: bytes | None = None
    for line in lines:
        if isinstance(line, tuple):
            if literal is None:
                head, literal = line[0], line[1]
            else:
                head += line[0]
        elif isinstance(line, bytes):
            found.append((head + b" " + line, literal))
            head, literal = b"", None
    if literal is not None:
        found.append((head, literal))
    return found


@contextmanager
def open_session(config: Config) -> Iterator[Session]:
    """Log in, yield the session, log out. Failures raise AuthFailed, BlockedAddress or Transient."""
    server = server_of(config, "imap")
    with failures(server):
        box = _MailBox(server)
        try:
            _login(box, server, config.secret("imap_password"))
            yield Session(box)
        finally:
            _leave(box)


def _login(box: BaseMailBox, server: Server, password: str) -> None:
    try:
        if (server.user + password).isascii():
            box.login(server.user, password, initial_folder=None)
        else:
            box.login_utf8(server.user, password, initial_folder=None)
    except (MailboxLoginError, imaplib.IMAP4.error) as error:
        said = str(error).replace(password, "…") if password else str(error)
        if isinstance(error, imaplib.IMAP4.abort) or _PASSING.search(said):
            raise Transient(f"The IMAP server {server} accepts no logins at the moment.") from None
        raise AuthFailed(
            f"The IMAP server {server} rejects the user name {server.user!r} or its password; check both."
        ) from None  # the error quotes what was sent


def _leave(box: BaseMailBox) -> None:
    """Log out if the server still answers; always closes the socket."""
    try:
        box.logout()
    except (OSError, imaplib.IMAP4.error, ImapToolsError):
        box.client.shutdown()


@contextmanager
def failures(server: Server) -> Iterator[None]:
    """Maps any failure of an IMAP conversation to Transient: reading can be repeated."""
    try:
        yield
    except ChannelError:
        raise
    except TimeoutError as error:
        raise Transient(f"The IMAP server {server} did not answer within {server.timeout_s:g} s.") from error
    except ssl.SSLError as error:
        raise Transient(f"No secure connection to the IMAP server {server}: {error.reason or 'TLS failed'}.") from error
    except OSError as error:
        raise Transient(f"The IMAP server {server} cannot be reached: {error.strerror or error}.") from error
    except (imaplib.IMAP4.error, ImapToolsError) as error:
        raise Transient(f"The IMAP server {server} sent an unexpected answer: {str(error)[:200]}") from error
