"""Real mail servers on loopback sockets: IMAP by pymap, SMTP by aiosmtpd, and a proxy that breaks things."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import threading
from argparse import Namespace
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import Config as ImapConfig
from pymap.backend.dict import DictBackend
from pymap.imap import IMAPServer
from pymap.parsing.message import AppendMessage

T = TypeVar("T")
USER, PASSWORD = "desk@acme.example", "m4ilb0x-password"


class ImapServer:
    """One mailbox, kept in memory by pymap, in a separate event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._run(self._start())
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def _start(self) -> asyncio.Server:
        args = Namespace(
            host="127.0.0.1", port=0, debug=False, cert=None, key=None, tls=False, demo_data=False, demo_user=USER,
            demo_password=PASSWORD, passlib_cfg=None, proxy_protocol=None, inherited_sockets=None,
        )  # fmt: skip
        self._backend, self._config = await DictBackend.init(args, secure_auth=False, invalid_user_sleep=0.0)
        if not isinstance(self._config, ImapConfig):
            raise TypeError(self._config)
        answer = ProxyProtocolReader(self._config.proxy_protocol).get_callback(
            IMAPServer(self._backend.login, self._config)
        )
        return await asyncio.start_server(answer, "127.0.0.1", 0)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def append(self, raw: bytes, at: datetime, folder: str = "INBOX") -> None:
        async def work() -> None:
            async with self._backend.login.demo_user_identity.new_session() as session:
                mailboxes = session.mailbox_set
                if folder not in {entry.name for entry in (await mailboxes.list_mailboxes()).list()}:
                    await mailboxes.add_mailbox(folder)
                await (await mailboxes.get_mailbox(folder)).append(AppendMessage(raw, at, frozenset()))

        self._run(work())

    def mails(self, folder: str = "INBOX") -> list[tuple[int, bytes, frozenset[bytes]]]:
        """(UID, bytes, flags) of every mail."""

        async def work() -> list[tuple[int, bytes, frozenset[bytes]]]:
            async with self._backend.login.demo_user_identity.new_session() as session:
                mailbox = await session.mailbox_set.get_mailbox(folder)
                found = []
                async for message in mailbox.messages():
                    content = await message.load_content(_whole())
                    flags = frozenset(bytes(flag) for flag in message.permanent_flags)
                    found.append((message.uid, bytes(content.content), flags))
                return found

        return self._run(work())

    def rebuild(self) -> None:
        """Forget all mails; folders come back with another UIDVALIDITY."""
        self._loop.call_soon_threadsafe(self._config.set_cache.clear)

    def stop(self) -> None:
        async def end() -> None:
            self._server.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

        self._run(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


def _whole() -> Any:
    from pymap.parsing.specials.fetchattr import FetchRequirement

    return FetchRequirement.CONTENT


@dataclass
class Mailer:
    """The SMTP server's scripted behaviour, and the received mails. A reply such as `550 no` is sent instead of doing
    the work; `drop` closes the connection silently, `hang` doesn't respond for a while."""

    on_mail: str = ""
    on_rcpt: dict[str, str] = field(default_factory=dict)
    on_data: str = ""
    taken: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    accept_before_data_fault: bool = False
    logins: list[tuple[str, str]] = field(default_factory=list)

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := await _fault(server, self.on_mail):
            return answer
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := await _fault(server, self.on_rcpt.get(address, "")):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        mail = (envelope.mail_from or "", list(envelope.rcpt_tos), bytes(envelope.original_content or b""))
        if not self.on_data or self.accept_before_data_fault:
            self.taken.append(mail)
        return await _fault(server, self.on_data) or "250 taken"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        if not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=self.logins[-1] == (USER, PASSWORD), handled=False)


async def _fault(server: SMTP, what: str) -> str:
    if what == "drop":
        transport = server.transport
        if transport is not None:
            transport.abort()
        return "250 nobody hears this"
    if what == "hang":
        await asyncio.sleep(2.5)
    return "" if what == "hang" else what


@contextlib.contextmanager
def smtp_serving(mailer: Mailer) -> Iterator[int]:
    """The port of an SMTP server that accepts logins."""
    controller = _OnAnyPort(
        mailer, hostname="127.0.0.1", authenticator=mailer.authenticate, auth_required=False, auth_require_tls=False,
        ready_timeout=60,
    )  # fmt: skip
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


class _OnAnyPort(Controller):
    """Keeps the port that it was given: nobody else can take it before the server listens."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        super().__init__(*args, port=self._listener.getsockname()[1], **kwargs)

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._listener)


Verdict = Callable[[bytes], str | None]
"""A command line of the client → None (pass it on), `drop`, `hang`, or an answer such as `NO out of luck`."""


class FaultyProxy:
    """Between client and IMAP server, one thread for each direction."""

    def __init__(self, upstream: int, verdict: Verdict) -> None:
        self.verdict, self.upstream = verdict, upstream
        self.commands: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.upstream))
            threading.Thread(target=self._back, args=(server, client), daemon=True).start()
            threading.Thread(target=self._forth, args=(client, server), daemon=True).start()

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                client.sendall(data)
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)

    def _forth(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), client, server, client.makefile("rb") as lines:
            for line in lines:
                self.commands.append(line)
                answer = self.verdict(line)
                if answer is None:
                    server.sendall(line)
                elif answer == "drop":
                    client.shutdown(socket.SHUT_RDWR)
                    return
                elif answer != "hang":
                    client.sendall(line.split()[0] + b" " + answer.encode() + b"\r\n")

    def close(self) -> None:
        self._listener.close()


def fetches_body_of(uid: int) -> Callable[[bytes], bool]:
    """Whether a command requests the body of this mail, alone or among others."""

    def asks(line: bytes) -> bool:
        match = re.search(rb"UID FETCH (\S+) .*BODY\.PEEK", line)
        return bool(match) and str(uid).encode() in match[1].split(b",")

    return asks
