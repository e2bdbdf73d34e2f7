"""SMTP by aiosmtpd: the desk logs in and sends mail; faults answer 451, 550 or 535, hang, or cut the line."""

from __future__ import annotations

import asyncio
import logging
import warnings
from collections.abc import Callable
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sandbox.wire.faults import Fault, Faults
from sandbox.world import DOMAIN, MAILBOX_PASSWORD, MAILBOX_USER, MX

AT_DATA = frozenset({"451", "550", "429", "500", "timeout", "slow", "truncated", "drop_after_accept"})
TIMEOUT_S, SLOW_S = 30.0, 2.0
REFUSALS = {
    "451": "451 4.7.1 Greylisted, please try again later",
    "429": "451 4.7.1 Too many messages, please try again later",
    "550": "550 5.7.1 Message refused",
    "500": "554 5.3.0 Transaction failed",
}
Accept = Callable[[bytes, str, list[str]], None]
"""(raw, envelope sender, recipients): stores the email; 250 is only sent afterwards."""


class Handler:
    def __init__(self, faults: Faults, accept: Accept) -> None:
        self._faults, self._accept = faults, accept

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, sender: str, options: list[str]
    ) -> str:
        if sender and not sender.lower().endswith("@" + DOMAIN):
            return "553 5.7.1 Sender address rejected: not owned by you"
        envelope.mail_from = sender
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, recipient: str, options: list[str]
    ) -> str:
        if "@" not in recipient:
            return "501 5.1.3 Bad recipient address syntax"
        if recipient.lower().partition("@")[0] in ("refused", "unknown"):
            return "550 5.1.1 No such user here"
        envelope.rcpt_tos.append(recipient)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        fault = self._faults.take("email", "smtp", write=True, only=AT_DATA)
        if fault is not None and (refusal := await self._hit(server, fault)):
            return refusal
        raw = envelope.original_content or b""
        self._accept(raw, envelope.mail_from or "", list(envelope.rcpt_tos))
        if fault is not None and fault.kind == "drop_after_accept":
            _cut(server)
        return "250 2.0.0 OK: queued"

    async def _hit(self, server: SMTP, fault: Fault) -> str:
        """The error response to send; "" to continue."""
        if fault.kind == "timeout":
            await asyncio.sleep(fault.seconds or TIMEOUT_S)
        if fault.kind in ("timeout", "truncated"):
            _cut(server)
            return REFUSALS["451"]
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds or SLOW_S)
        return REFUSALS.get(fault.kind, "")


def _cut(server: SMTP) -> None:
    if isinstance(server.transport, asyncio.Transport):
        server.transport.abort()


class _Server(SMTP):
    line_length_limit = 1_000_000


def factory(loop: asyncio.AbstractEventLoop, faults: Faults, accept: Accept) -> Callable[[], SMTP]:
    """Creates the protocol of one connection."""
    # Plain-text login is intended here; nothing leaves this machine.
    warnings.filterwarnings("ignore", message="Requiring AUTH while not requiring TLS")
    logging.getLogger("mail.log").setLevel(logging.ERROR)

    def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        known = LoginPassword(MAILBOX_USER.encode(), MAILBOX_PASSWORD.encode())
        expired = faults.take("email", "smtp", only=frozenset({"expired"})) is not None
        return AuthResult(success=data == known and not expired, handled=False)

    def make() -> SMTP:
        return _Server(
            Handler(faults, accept),
            hostname=MX,
            ident="Sandbox",
            auth_required=True,
            auth_require_tls=False,
            auth_exclude_mechanism=["LOGIN"],  # a client with a second try would get around a rejection
            authenticator=authenticate,
            enable_SMTPUTF8=True,
            data_size_limit=32 * 1024 * 1024,
            loop=loop,
        )

    return make
