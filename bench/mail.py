"""Mail from raw bytes to ticket, compared with django-helpdesk in the same run, batches of both in turn.

The other side is a separate process with its own Python (`.local/bench/helpdesk`, made on the first run), on the same
PostgreSQL server with a separate database. Timed on our side: splitting, storing in the inbox, parsing, threading,
ticket, message, attachments. On theirs: `extract_email_metadata`, as its own mailbox reader calls it.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection as database
from django.utils import timezone

from bench import measure
from channels.contract import Page
from channels.inbox.storing_once import store_page
from channels.models import Channel, Connection
from channels.registry.configs import config_for
from channels.registry.finding_adapters import adapter_for
from mentions.ingest.batch import ingest_pending

PEER = ("django-helpdesk==2.6.1", "psycopg2-binary==2.9.13")
HOUSE = Path(__file__).resolve().parent.parent
SIZES = (500, 5_000)
BATCH = 50
ROUNDS = measure.sized(9, 1)
BAR = 5.0
WORDS = "Could you send us some stickers for our meetup in Lisbon? We run the Acme runner on every branch. "


def raw_mail(number: int, size: int) -> bytes:
    """An email of about `size` bytes; every third answers the one before."""
    head = (
        f"From: Jane Doe {number} <jane{number}@customer.example>\r\nTo: merch@acme.example\r\n"
        f"Subject: Stickers for meetup {number}\r\nMessage-ID: <bench-{size}-{number}@customer.example>\r\n"
        "Date: Mon, 02 Nov 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\nDelivered-To: merch@acme.example\r\n"
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
    )
    if number % 3 == 2:
        head += f"In-Reply-To: <bench-{size}-{number - 1}@customer.example>\r\n"
    body = (WORDS * (size // len(WORDS) + 1))[: max(size - len(head), 40)]
    lines = [body[at : at + 96] for at in range(0, len(body), 96)]
    return (head + "\r\n" + "\r\n".join(lines) + "\r\n").encode()


def mailbox() -> Connection:
    settings = {"imap_host": "mail.acme.example", "imap_user": "desk"}
    made = Connection.objects.create(platform="email", name=f"bench {time.time_ns()}", settings=settings)
    Channel.objects.create(
        connection=made, name=made.name, slug=f"bench-mail-{made.pk}", address="merch@acme.example", is_default=True
    )
    return made


def take_in(connection: Connection, mails: list[bytes]) -> float:
    """Seconds from the raw emails to their tickets."""
    adapter, config = adapter_for("email"), config_for(connection)
    start = time.perf_counter()
    items = [item for mail in mails for item in adapter.split(mail, config)]
    store_page(connection.pk, Page(items, cursor=None), fetched_at=timezone.now())
    taken = 0
    while taken < len(mails):
        batch = ingest_pending(100, connection.pk)
        if not batch.taken:
            raise RuntimeError(f"{len(mails) - taken} mails did not become messages")
        taken += batch.taken
    return time.perf_counter() - start


def peer_python() -> Path:
    folder = HOUSE / ".local" / "bench" / "helpdesk"
    python = folder / "bin" / "python"
    marker = folder / "installed"
    if not marker.exists() or marker.read_text() != str(PEER):
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEER], check=True)
        marker.write_text(str(PEER))
    return python


@contextmanager
def helpdesk() -> Iterator[subprocess.Popen[str]]:
    name = f"helpdesk_{os.getpid()}"
    with database.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
    wanted = ("ENGINE", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")
    settings = {key: value for key, value in database.settings_dict.items() if key in wanted}
    with tempfile.TemporaryDirectory() as media:
        environment = {**os.environ, "PEER_DATABASE": json.dumps({**settings, "NAME": name}), "PEER_MEDIA": media}
        command = [peer_python(), Path(__file__).with_name("helpdesk_peer.py")]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        try:
            answer(process)
            yield process
        finally:
            process.communicate()
            with database.cursor() as cursor:
                cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise RuntimeError("the django-helpdesk process has ended")
    return dict(json.loads(line))


def ask(process: subprocess.Popen[str], what: Any) -> dict[str, Any]:
    if process.stdin is None:
        raise RuntimeError("the django-helpdesk process has no input")
    process.stdin.write(json.dumps(what) + "\n")
    process.stdin.flush()
    return answer(process)


def take_in_there(process: subprocess.Popen[str], mails: list[bytes]) -> float:
    said = ask(process, [mail.decode() for mail in mails])
    if said["tickets"] != len(mails):
        raise RuntimeError(f"django-helpdesk made {said['tickets']} tickets of {len(mails)} mails")
    return float(said["seconds"])


def run() -> bool:
    """Prints one line per size; returns whether both bars hold."""
    connection = mailbox()
    if measure.is_short():
        take_in(connection, next(_fresh(SIZES[0])))
        return measure.not_compared(f"mail of {SIZES[0] / 1000:.1f} KB to ticket", "django-helpdesk is not installed")
    with helpdesk() as process:
        held = [_size(connection, process, size) for size in SIZES]
    return all(held)


def _size(connection: Connection, process: subprocess.Popen[str], size: int) -> bool:
    """Both sides get mail of the same size, each email once."""
    ours, theirs = _fresh(size), _fresh(size)
    pairs = measure.pairs(
        lambda: take_in(connection, next(ours)), lambda: take_in_there(process, next(theirs)), ROUNDS, warm_up=1
    )
    our_s, their_s = pairs.medians
    detail = f"{BATCH / our_s:,.0f} mails/s, django-helpdesk {BATCH / their_s:,.0f}/s"
    return measure.report(f"mail of {size / 1000:.1f} KB to ticket, against django-helpdesk", pairs.ratio, BAR, detail)


def _fresh(size: int) -> Iterator[list[bytes]]:
    return ([raw_mail(batch * BATCH + n, size) for n in range(BATCH)] for batch in itertools.count())


if __name__ == "__main__":
    sys.exit(not run())
