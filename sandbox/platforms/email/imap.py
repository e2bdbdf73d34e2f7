"""IMAP by pymap on top of our store: client changes are persisted, and faults happen on the wire.

pymap's in-memory backend (`pymap.backend.dict`) implements the protocol; it is filled from the store at startup, and
every change goes to the store before it is acknowledged. All of it runs in the mail loop's thread.
"""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import AsyncIterable, Iterable
from contextlib import AsyncExitStack, closing
from datetime import UTC, datetime
from typing import Any

from proxyprotocol.result import ProxyResultLocal
from proxyprotocol.sock import SocketInfo
from pymap.backend.dict import Config, Login
from pymap.backend.dict.filter import FilterSet
from pymap.backend.dict.mailbox import LoadedMessage, MailboxData, MailboxSet, Message
from pymap.concurrent import Subsystem
from pymap.config import BackendCapability
from pymap.context import connection_exit
from pymap.exceptions import InvalidAuth, ResponseError
from pymap.flags import FlagOp
from pymap.imap import IMAPConnection, IMAPServer
from pymap.imap.state import ConnectionState
from pymap.interfaces.message import CachedMessage
from pymap.mime import MessageContent
from pymap.parsing.command import Command
from pymap.parsing.command.select import FetchCommand
from pymap.parsing.message import AppendMessage
from pymap.parsing.response import ResponseBye, ResponseCode, ResponseNo
from pymap.parsing.specials import FetchRequirement
from pymap.parsing.specials.flag import Flag
from pymap.user import UserMetadata
from pysasl.hashing import Cleartext

from sandbox.platforms.email import parts
from sandbox.platforms.email.mailboxes import TEAM, TEAM_FOLDERS, Mailboxes
from sandbox.store import Doc
from sandbox.wire.faults import Faults
from sandbox.world import MAILBOX_PASSWORD, MAILBOX_USER

AT_LOGIN = frozenset({"429", "500", "expired", "timeout"})
AT_FETCH = frozenset({"truncated", "slow"})
CUT_AFTER_BYTES = 700
TIMEOUT_S, SLOW_S = 30.0, 2.0


class StoredMessage(Message):
    """A message that loads its bytes from the store only when fetched."""

    __slots__ = ["_doc", "_mailboxes"]

    def __init__(self, mailboxes: Mailboxes, doc: Doc, *, recent: bool = False, expunged: bool = False) -> None:
        flags = [Flag(f.encode()) for f in doc["flags"]]
        at = datetime.fromtimestamp(doc["at"], UTC)
        super().__init__(doc["uid"], at, flags, recent=recent, expunged=expunged)
        self._mailboxes, self._doc = mailboxes, doc

    async def load_content(self, requirement: FetchRequirement) -> LoadedMessage:
        with self._mailboxes.store.lock:
            content = MessageContent.parse(self._mailboxes.raw(self._doc))
        return LoadedMessage(self, requirement, content)


class StoredMailbox(MailboxData):
    """One folder of the team's mailbox."""

    def __init__(self, mailboxes: Mailboxes, folder: str, caches: tuple[Any, Any]) -> None:
        super().__init__(*caches)
        self._mailboxes, self.folder = mailboxes, folder
        self._uid_validity = mailboxes.uid_validity
        with mailboxes.store.lock:
            for doc in mailboxes.in_folder(TEAM, folder):
                self._messages[doc["uid"]] = StoredMessage(mailboxes, doc)
        self._max_uid = max(self._messages, default=100)
        self._mod_sequences.update(list(self._messages))

    def arrived(self, doc: Doc) -> Message:
        """Adds a new document to the folder; clients see it at their next command."""
        if doc["uid"] in self._messages:
            return self._messages[doc["uid"]]
        message = self._messages[doc["uid"]] = StoredMessage(self._mailboxes, doc, recent=True)
        self._max_uid = max(self._max_uid, doc["uid"])
        self._mod_sequences.update([doc["uid"]])
        self._updated.set()
        return message

    async def messages(self) -> AsyncIterable[Message]:
        for message in list(self._messages.values()):  # a copy: emails arrive while a client is still reading
            yield message

    async def append(self, append_msg: AppendMessage, *, recent: bool = False) -> Message:
        raw = bytes(append_msg.literal)
        at = (append_msg.when or datetime.now(UTC)).timestamp()
        flags = [bytes(f).decode() for f in append_msg.flag_set]
        doc = self._mailboxes.deliver(
            TEAM, raw, at=at, folder=self.folder, **{**parts.described(raw), "by_client": True}
        )
        if flags:
            self._mailboxes.flag(doc, flags)
        message = self.arrived(self._mailboxes.get(doc["key"]) or doc)
        message.permanent_flags = append_msg.flag_set
        return message

    def _document(self, uid: int) -> Doc | None:
        return self._mailboxes.get(f"{TEAM}/{self.folder}/{uid}")

    async def copy(self, uid: int, destination: MailboxData, *, recent: bool = False) -> int | None:
        doc = self._document(uid)
        if doc is None or not isinstance(destination, StoredMailbox):
            return None
        kept = {k: v for k, v in doc.items() if k not in ("key", "mailbox", "folder", "uid", "at", "flags")}
        new = self._mailboxes.deliver(TEAM, self._mailboxes.raw(doc), at=doc["at"], folder=destination.folder, **kept)
        self._mailboxes.flag(new, doc["flags"])
        destination.arrived(self._mailboxes.get(new["key"]) or new)
        return int(new["uid"])

    async def move(self, uid: int, destination: MailboxData, *, recent: bool = False) -> int | None:
        new_uid = await self.copy(uid, destination, recent=recent)
        if new_uid is not None:
            await self.delete([uid])
        return new_uid

    async def update(self, uid: int, cached_msg: CachedMessage, flag_set: frozenset[Flag], mode: FlagOp) -> Message:
        message = await super().update(uid, cached_msg, flag_set, mode)
        doc = self._document(uid)
        if doc is not None:
            self._mailboxes.flag(doc, [bytes(f).decode() for f in message.permanent_flags])
        return message

    async def delete(self, uids: Iterable[int]) -> None:
        uids = list(uids)
        for uid in uids:
            doc = self._document(uid)
            if doc is not None:
                self._mailboxes.expunge(doc)
        await super().delete(uids)


class StoredMailboxSet(MailboxSet):
    def __init__(self, mailboxes: Mailboxes) -> None:
        super().__init__()
        caches = self._content_cache, self._thread_cache
        folders = {name: StoredMailbox(mailboxes, name, caches) for name in TEAM_FOLDERS}
        self._inbox = folders["INBOX"]
        self._set = {name: folder for name, folder in folders.items() if name != "INBOX"}

    def folder(self, name: str) -> StoredMailbox | None:
        found = self._inbox if name == "INBOX" else self._set.get(name)
        return found if isinstance(found, StoredMailbox) else None


class _Config(Config):
    @property
    def backend_capability(self) -> BackendCapability:
        return BackendCapability(idle=True, object_id=False, multi_append=True)

    @property
    def greeting(self) -> bytes:
        return b"Sandbox mail ready"


class FaultyLogin(Login):
    """Rejects logins if a fault says so."""

    def __init__(self, config: Config, faults: Faults) -> None:
        super().__init__(config)
        self._faults = faults

    async def authenticate(self, credentials: Any) -> Any:
        fault = self._faults.take("email", "imap", only=AT_LOGIN)
        if fault is None:
            return await super().authenticate(credentials)
        if fault.kind == "timeout":
            await asyncio.sleep(fault.seconds or TIMEOUT_S)
            raise _Closing()
        if fault.kind == "500":
            raise _Closing()
        if fault.kind == "429":
            raise _Busy()
        raise InvalidAuth()


class _Closing(ResponseError):
    def get_response(self, tag: bytes) -> Any:
        return ResponseBye(b"Internal error, closing.", ResponseCode.of(b"UNAVAILABLE"))


class _Busy(ResponseError):
    def get_response(self, tag: bytes) -> Any:
        return ResponseNo(tag, b"Too many connections, try again later.", ResponseCode.of(b"UNAVAILABLE"))


class _CutWriter:
    """A stream writer that can cut the connection after some bytes."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.left: int | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)

    def write(self, data: bytes) -> None:
        if self.left is None:
            return self._writer.write(data)
        self._writer.write(bytes(data)[: max(0, self.left)])
        self.left -= len(data)
        if self.left <= 0:
            self._writer.transport.close()
            raise ConnectionError("cut")

    def writelines(self, chunks: Iterable[bytes]) -> None:
        for chunk in chunks:
            self.write(chunk)


class _Connection(IMAPConnection):
    faults: Faults

    async def read_command(self, state: ConnectionState) -> Command:
        command = await super().read_command(state)
        if isinstance(command, FetchCommand):
            fault = self.faults.take("email", "imap", only=AT_FETCH)
            if fault is not None and fault.kind == "slow":
                await asyncio.sleep(fault.seconds or SLOW_S)
            elif fault is not None:
                self.writer.left = CUT_AFTER_BYTES  # type: ignore[attr-defined]
        return command


class ImapServer(IMAPServer):
    """Call `start` inside the mail loop."""

    def __init__(self, mailboxes: Mailboxes, faults: Faults) -> None:
        args = Namespace(debug=False, proxy_protocol=None)
        config = _Config(
            args,
            host=None,
            port=0,
            tls_enabled=False,
            cert_file=None,
            key_file=None,
            demo_data=False,
            demo_user=MAILBOX_USER,
            demo_password=MAILBOX_PASSWORD,
            hash_context=Cleartext(),
            cpu_subsystem=Subsystem.for_asyncio(),
            subsystem=Subsystem.for_asyncio(),
            invalid_user_sleep=0,
            reject_dnsbl=False,
        )
        self._faults = faults
        login = FaultyLogin(config, faults)
        login.users_dict[MAILBOX_USER] = UserMetadata(config, MAILBOX_USER, password=MAILBOX_PASSWORD)
        self.folders = StoredMailboxSet(mailboxes)
        config.set_cache[MAILBOX_USER] = (self.folders, FilterSet())
        super().__init__(login, config)
        self._login_, self._config_ = login, config
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int) -> asyncio.Server:
        self._config_.apply_context()
        return await asyncio.start_server(self._connected, host, port, limit=64 * 1024 * 1024)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        info = SocketInfo.get(writer, ProxyResultLocal(), unique_id=b"")
        try:
            await self(reader, _CutWriter(writer), info)
        except (ConnectionError, asyncio.CancelledError):
            writer.close()

    async def __call__(self, reader: Any, writer: Any, sock_info: SocketInfo) -> None:
        connection = _Connection(self.commands, self._config_, reader, writer, sock_info)
        connection.faults = self._faults
        async with AsyncExitStack() as stack:
            connection_exit.set(stack)
            stack.enter_context(closing(connection))
            await connection.run(ConnectionState(self._login_, self._config_))
