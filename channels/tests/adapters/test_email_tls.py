"""Encrypted connections: a trusted certificate works; a server with an untrusted one never gets a password."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from channels.adapters.email import EmailAdapter
from channels.contract import Config, Network, Outgoing
from channels.errors import Transient
from channels.tests.email_servers import PASSWORD, USER, ImapServer, Mailer, smtp_serving

ADAPTER = EmailAdapter()
REPLY = Outgoing(
    "k", "Hello", sender="merch@acme.example", recipients=("dana@widgets.example",), message_id="k@x.example"
)


def certificate(folder: Path, host: str) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    names = [x509.IPAddress(ipaddress.ip_address(host))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{host}.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


def server_context(path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


class _Starttls(Controller):
    """aiosmtpd offers STARTTLS to the handler, not to the listening socket."""

    def __init__(self, mailer: Mailer, context: ssl.SSLContext) -> None:
        self.context, self.mailer = context, mailer
        super().__init__(mailer, hostname="127.0.0.1", port=0)

    def factory(self) -> SMTP:
        return SMTP(
            self.mailer,
            tls_context=self.context,
            require_starttls=True,
            authenticator=self.mailer.authenticate,
            auth_required=True,
        )

    def _trigger_server(self) -> None:
        """The port is chosen by the system and known only now."""
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextlib.contextmanager
def smtp_starttls(mailer: Mailer, path: Path) -> Iterator[int]:
    controller = _Starttls(mailer, server_context(path))
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@contextlib.contextmanager
def tls_in_front_of(port: int, path: Path) -> Iterator[int]:
    """A port that speaks TLS and passes on to one that does not."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def both_ways(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pass_on(reader, behind_writer), pass_on(behind_reader, writer))

    async def start() -> asyncio.Server:
        return await asyncio.start_server(both_ways, "127.0.0.1", 0, ssl=server_context(path))

    async def end() -> None:
        """Closes every connection: what is left open is a warning in some later test."""
        server.close()
        if talking := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(talking, timeout=20)

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(60)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


def config_for(protocol: str, port: int, security: str) -> Config:
    settings: dict[str, Any] = {
        f"{protocol}_host": "127.0.0.1",
        f"{protocol}_port": port,
        f"{protocol}_security": security,
        f"{protocol}_user": USER,
    }
    network = Network(read_timeout_s=5, allowed_private=(f"127.0.0.1:{port}",))
    return Config(settings, {"imap_password": PASSWORD, "smtp_password": PASSWORD}, network=network)


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = certificate(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return path


@pytest.fixture
def untrusted(tmp_path: Path) -> Path:
    return certificate(tmp_path, "127.0.0.1")


@pytest.fixture
def imap() -> Iterator[ImapServer]:
    running = ImapServer()
    yield running
    running.stop()


def test_mail_is_read_over_tls(imap: ImapServer, trusted: Path) -> None:
    imap.append(b"Subject: Secret\r\n\r\nHello", datetime.now(UTC))
    with tls_in_front_of(imap.port, trusted) as port:
        pages = list(ADAPTER.fetch(config_for("imap", port, "ssl"), None))
    assert sum(len(page.items) for page in pages) == 1


def test_an_untrusted_imap_server_is_refused_with_the_reason(imap: ImapServer, untrusted: Path) -> None:
    with tls_in_front_of(imap.port, untrusted) as port, pytest.raises(Transient, match="secure connection"):
        list(ADAPTER.fetch(config_for("imap", port, "ssl"), None))


def test_mail_is_sent_over_starttls(trusted: Path) -> None:
    mailer = Mailer()
    with smtp_starttls(mailer, trusted) as port:
        ADAPTER.send(config_for("smtp", port, "starttls"), REPLY)
    assert len(mailer.taken) == 1
    assert mailer.logins == [(USER, PASSWORD)]


def test_an_untrusted_smtp_server_never_sees_the_password(untrusted: Path) -> None:
    mailer = Mailer()
    with smtp_starttls(mailer, untrusted) as port, pytest.raises(Transient, match="secure connection"):
        ADAPTER.send(config_for("smtp", port, "starttls"), REPLY)
    assert mailer.logins == []
    assert mailer.taken == []


def test_a_server_without_starttls_never_sees_the_password() -> None:
    mailer = Mailer()
    with smtp_serving(mailer) as port, pytest.raises(Transient):
        ADAPTER.send(config_for("smtp", port, "starttls"), REPLY)
    assert mailer.logins == []


def test_a_plain_port_where_tls_is_expected_is_transient(imap: ImapServer) -> None:
    with pytest.raises(Transient):
        list(ADAPTER.fetch(config_for("imap", imap.port, "ssl"), None))
    with pytest.raises(Transient):
        list(ADAPTER.fetch(config_for("imap", imap.port, "starttls"), None))
