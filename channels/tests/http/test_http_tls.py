"""Certificates are checked against the name in the URL, although we connect to an already resolved address."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from channels.contract import Network
from channels.errors import Transient
from channels.http import client
from channels.http.address_guard import session_for
from channels.tests.loopback import Server, as_json, serving


def _certificate(folder: Path, name: str) -> Path:
    """A self-signed certificate for a name, with its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Server, Path]]:
    """A server behind TLS for `desk.example`; every name leads to it."""
    path = _certificate(tmp_path, "desk.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)

    def resolve(host: str, port: Any, *args: Any, **kwargs: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    with serving(lambda seen: as_json({"host": seen.headers["Host"]})) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        yield server, path


def _network(port: int) -> Network:
    return Network(allowed_private=(f"desk.example:{port}", f"other.example:{port}"), read_timeout_s=2)


def test_the_name_in_the_url_is_what_the_certificate_must_be_for(secure: tuple[Server, Path]) -> None:
    server, path = secure
    port = server.server_address[1]
    network = _network(port)
    session_for(network).verify = str(path)
    assert client.get_json(network, f"https://desk.example:{port}/").body == {"host": f"desk.example:{port}"}
    with pytest.raises(Transient, match="certificate"):
        client.get_json(network, f"https://other.example:{port}/")
    assert len(server.seen) == 1


def test_an_unknown_certificate_is_refused_before_anything_is_sent(secure: tuple[Server, Path]) -> None:
    server, _ = secure
    port = server.server_address[1]
    with pytest.raises(Transient, match="certificate"):
        client.get_json(_network(port), f"https://desk.example:{port}/")
    with pytest.raises(Transient, match="Nothing was sent"):
        client.post_json(_network(port), f"https://desk.example:{port}/", {"text": "x"})
    assert not server.seen
