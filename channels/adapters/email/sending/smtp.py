"""Sends one mail; failures are classified by whether the server may have accepted it.

The server accepts a mail by answering the final dot (RFC 5321, 4.1.1.4). Before the dot nothing was accepted; after it,
a lost connection leaves the outcome unknown, and SMTP has no way to ask.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from channels.adapters.email.connection import Server, connect, server_of
from channels.adapters.email.sending.compose import Envelope
from channels.contract import Config
from channels.errors import AuthFailed, ChannelError, Rejected, Transient, Uncertain
from channels.http import deadlines

_LEADING_DOT = re.compile(rb"(?m)^\.")
_DOT_PATIENCE = 3  # read timeouts: RFC 5321, 4.5.3.2.6 allows ten minutes; we don't block a worker that long
_LATEST_DOT_S = 50.0  # after this we don't send the dot, since the desk gives up on a send after a while


class _Limited(smtplib.SMTP):
    """Ends with the limit of the work that uses it."""

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = deadlines.reader(self.sock)
        return super().getreply()

    def send(self, s: Any) -> None:
        if self.sock is None:
            return super().send(s)
        with deadlines.cutting(self.sock):
            super().send(s)


class _Plain(_Limited):
    def __init__(self, server: Server) -> None:
        self._server = server
        super().__init__(server.host, server.port, timeout=server.timeout_s)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return connect(self._server, timeout)


class _Secure(_Limited, smtplib.SMTP_SSL):
    def __init__(self, server: Server) -> None:
        self._server = server
        super().__init__(server.host, server.port, timeout=server.timeout_s, context=ssl.create_default_context())

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self.context.wrap_socket(connect(self._server, timeout), server_hostname=self._server.host)


@contextmanager
def open_smtp(config: Config) -> Iterator[smtplib.SMTP]:
    """A greeted, secured and logged-in SMTP session. Raises AuthFailed, BlockedAddress, Rejected, Transient."""
    server = server_of(config, "smtp")
    with _before_the_dot(server):
        smtp = _Secure(server) if server.security == "ssl" else _Plain(server)
    try:
        with _before_the_dot(server):
            smtp.ehlo_or_helo_if_needed()
            if server.security == "starttls":
                smtp.starttls(context=ssl.create_default_context())
                smtp.ehlo()
            if server.user:
                _login(smtp, server, config.secret("smtp_password"))
        yield smtp
    finally:
        _leave(smtp)


def check_smtp(config: Config) -> str:
    """Logs in, for *Test connection*: how the server greets, or that none is set."""
    if not config.setting("smtp_host"):
        return "Replies cannot be sent: no SMTP server is set."
    with open_smtp(config) as smtp:
        greeting = (smtp.ehlo_resp or smtp.helo_resp or b"").split(b"\n")[0].decode("utf-8", "replace")
    return f"The SMTP server is ready: {greeting[:100]}."


def _login(smtp: smtplib.SMTP, server: Server, password: str) -> None:
    try:
        smtp.login(server.user, password)
    except smtplib.SMTPAuthenticationError as error:
        if 400 <= error.smtp_code < 500:
            raise Transient(f"The SMTP server {server} accepts no logins at the moment ({error.smtp_code}).") from None
        raise AuthFailed(
            f"The SMTP server {server} rejects the user name {server.user!r} or its password; check both."
        ) from None
    except smtplib.SMTPNotSupportedError as error:
        raise AuthFailed(
            f"The SMTP server {server} accepts no login over this connection; try another security setting."
        ) from error


def _leave(smtp: smtplib.SMTP) -> None:
    try:
        smtp.sock and smtp.sock.settimeout(2.0)  # type: ignore[func-returns-value]
        smtp.quit()
    except (OSError, smtplib.SMTPException):
        smtp.close()


@contextmanager
def _before_the_dot(server: Server) -> Iterator[None]:
    """A context for everything before the dot: nothing was accepted yet, so any failure can be retried."""
    try:
        yield
    except ChannelError:
        raise
    except TimeoutError as error:
        raise Transient(f"The SMTP server {server} did not answer within {server.timeout_s:g} s.") from error
    except ssl.SSLError as error:
        raise Transient(f"No secure connection to the SMTP server {server}: {error.reason or 'TLS failed'}.") from error
    except smtplib.SMTPServerDisconnected as error:
        raise Transient(f"The SMTP server {server} stopped answering before it accepted the mail.") from error
    except smtplib.SMTPResponseException as error:
        raise _refusal(error.smtp_code, error.smtp_error, f"The SMTP server {server} refuses the session") from error
    except smtplib.SMTPException as error:
        raise Transient(f"The SMTP server {server} sent an unexpected answer: {str(error)[:200]}") from error
    except OSError as error:
        raise Transient(f"The SMTP server {server} cannot be reached: {error.strerror or error}.") from error


def deliver(config: Config, envelope: Envelope) -> None:
    """Deliver one mail to all recipients or to none. Returns once the server has accepted it."""
    server = server_of(config, "smtp")
    began = time.monotonic()
    with open_smtp(config) as smtp:
        with _before_the_dot(server):
            _address(smtp, envelope)
            _data(smtp)
            smtp.send(_LEADING_DOT.sub(b"..", envelope.raw))
            if time.monotonic() - began > _LATEST_DOT_S:
                smtp.close()
                raise Transient(f"The SMTP server {server} is too slow at the moment; nothing was sent.")
        _dot(smtp, server)


def _address(smtp: smtplib.SMTP, envelope: Envelope) -> None:
    everybody = (envelope.sender, *envelope.recipients)
    options = ["SMTPUTF8", "BODY=8BITMIME"] if not all(each.isascii() for each in everybody) else []
    if options and not smtp.has_extn("smtputf8"):
        raise Rejected("The SMTP server does not accept addresses with non-ASCII letters.")
    if options:
        smtp.command_encoding = "utf-8"
    code, answer = smtp.mail(envelope.sender, options)
    if code != 250:
        raise _refusal(code, answer, f"The sender {envelope.sender} was refused")
    for recipient in envelope.recipients:
        code, answer = smtp.rcpt(recipient)
        if code not in (250, 251):
            raise _refusal(code, answer, f"The recipient {recipient} was refused; nothing was sent to anyone")


def _data(smtp: smtplib.SMTP) -> None:
    code, answer = smtp.docmd("DATA")
    if code != 354:
        raise _refusal(code, answer, "The mail was refused")


def _dot(smtp: smtplib.SMTP, server: Server) -> None:
    """The point of no return: from here on, no answer means the outcome is unknown."""
    try:
        if smtp.sock:
            smtp.sock.settimeout(server.timeout_s * _DOT_PATIENCE)
        smtp.send(b".\r\n")
        code, answer = smtp.getreply()
    except (OSError, smtplib.SMTPException) as error:
        raise Uncertain(
            f"The connection to the SMTP server {server} was lost after the mail had been sent: it may or may not have "
            "arrived."
        ) from error
    if code != 250:
        raise _refusal(code, answer, "The mail was refused")


def _refusal(code: int, answer: bytes | str, what: str) -> ChannelError:
    """RFC 5321, 4.2.1: 4yz may be retried, 5yz may not."""
    words = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    text = f"{what}: {code} {' '.join(words.split())[:300]}"
    if code in (530, 534, 535, 538):
        return AuthFailed(text)
    return Rejected(text) if 500 <= code < 600 else Transient(text)
