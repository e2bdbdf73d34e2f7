"""TLS in front of a test's service: a separate certificate authority, and a TLS proxy."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SSL_REQUEST = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")
"""https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-SSLREQUEST"""


class Authority:
    """Writes `ca.pem`, and `server.pem` for localhost, into `folder`."""

    def __init__(self, folder: Path, name: str = "Tests") -> None:
        self.ca, self.server = folder / "ca.pem", folder / "server.pem"
        key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        authority = self._certificate(issuer, issuer, key, key, ca=True)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        certificate = self._certificate(subject, issuer, server_key, key, ca=False)
        pem = serialization.Encoding.PEM
        secret = server_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self.ca.write_bytes(authority.public_bytes(pem))
        self.server.write_bytes(secret + certificate.public_bytes(pem))

    def _certificate(self, subject, issuer, key, signer, *, ca):
        now = datetime.datetime.now(datetime.UTC)
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        public = signer.public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
            .sign(signer, hashes.SHA256())
        )


class Door:
    """Use as a context manager. `port` on loopback accepts TLS and forwards to `inside`, a function that connects
    there."""

    def __init__(self, authority: Authority, inside: Callable[[], socket.socket], *, is_postgres: bool) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(authority.server)
        self.inside, self.is_postgres = inside, is_postgres
        self.opened = 0
        """How many connections were really encrypted."""

    def __enter__(self) -> Self:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                outer, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(outer,), daemon=True).start()

    def _serve(self, outer: socket.socket) -> None:
        with suppress(OSError), outer:
            if self.is_postgres:
                if outer.recv(8, socket.MSG_WAITALL) != SSL_REQUEST:
                    return
                outer.sendall(b"S")
            with self.context.wrap_socket(outer, server_side=True) as encrypted, self.inside() as plain:
                self.opened += 1
                back = threading.Thread(target=_copy, args=(plain, encrypted), daemon=True)
                back.start()
                _copy(encrypted, plain)
                back.join(timeout=5)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
