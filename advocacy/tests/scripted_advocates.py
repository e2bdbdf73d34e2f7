"""`python -m advocacy.tests.scripted_advocates --replies N --seed S`: advocates at work, in a separate process.

Each advocate plays the queue with the verbs that the pages call, and retries as a browser does: while the database is
away, the same reply is sent again under the same key. Some replies are taken back; ghosts claim a ticket and never
return. An impatient admin keeps polling every connection. Ends when the replies are written, or at SIGTERM. Each reply
that was accepted, or may have been, is one line of JSON on standard output: {"key", "undone"}.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

import django

T = TypeVar("T")
ADVOCATES = {"sam": ("twitter", "hacker-news"), "maria": ("mail", "internal"), "mo": (None, "fediverse")}
"""User name → slugs of the views that they play in turn; None: the whole queue."""
GHOSTS = ("vera", "admin")
PATIENCE_S = 30
stopping = threading.Event()


def patiently(act: Callable[[], T]) -> T:
    """Retry while the database is away, like somebody pressing the button again."""
    from django.db import DatabaseError, InterfaceError, connection

    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return act()
        except (DatabaseError, InterfaceError):
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def say(**line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def make_view() -> None:
    """The handbook has none for Mastodon."""
    from mentions.models import View

    shows = {"name": "Fediverse", "filters": {"channels": ["mastodon"]}}
    patiently(lambda: View.objects.get_or_create(slug="fediverse", defaults=shows))


class Advocate(threading.Thread):
    """Writes `wanted` replies."""

    def __init__(self, username: str, wanted: int, seed: str) -> None:
        super().__init__(name=username)
        self.username, self.wanted, self.random = username, wanted, random.Random(f"{seed} {username}")

    def run(self) -> None:
        from django.contrib.auth.models import User

        from mentions.models import View

        slugs = ADVOCATES[self.username]
        self.user = patiently(lambda: User.objects.get(username=self.username))
        found = patiently(lambda: View.objects.in_bulk(field_name="slug", id_list=[s for s in slugs if s]))
        self.views = [found[slug] if slug else None for slug in slugs]
        while self.wanted > 0 and not stopping.wait(self.random.uniform(0.1, 0.9)):
            self.play()

    def play(self) -> None:
        from django.utils import timezone

        from mentions.queue import claims
        from mentions.replies import handles
        from mentions.tickets.transitions import OutcomeRefused
        from mentions.triage import outcomes

        lost = (claims.ClaimLost, claims.AlreadyClaimed, OutcomeRefused)
        view = self.random.choice(self.views)
        ticket = patiently(lambda: claims.claim_next(self.user, view, timezone.now()))
        if ticket is None:
            return
        try:
            if channels := patiently(lambda: handles.choices(ticket, self.user)):
                self.reply(ticket, channels)
            else:
                give = {"reason": "praise", "now": timezone.now()}
                patiently(lambda: outcomes.no_reply_needed(ticket.pk, self.user, ticket.claim_token, **give))
        except lost:
            pass

    def reply(self, ticket: Any, channels: list[Any]) -> None:
        from django.utils import timezone

        from mentions.models import Message
        from mentions.replies import handles, replies
        from mentions.triage import outcomes

        key = uuid.UUID(int=self.random.getrandbits(128), version=4)
        last = patiently(lambda: Message.objects.filter(ticket=ticket).order_by("-pk").first())
        channel = patiently(lambda: handles.suggest(ticket, last, channels)) or channels[0]
        values = {
            "key": key,
            "text": f"Thank you for asking, we have looked into it. {key.hex}",
            "channel_id": channel.pk,
            "guard_message_id": last.pk,
            "status_after": self.random.choice(("pending", "solved", "solved", "open")),
        }

        def submit() -> Any:
            return replies.submit(ticket.pk, self.user, ticket.claim_token, **values, now=timezone.now())

        try:
            reply = patiently(submit)
        except (replies.ThreadMoved, replies.ReplyRefused) as refused:
            note = {"note": f"I cannot: {refused}", "now": timezone.now()}
            patiently(lambda: outcomes.hand_back(ticket.pk, self.user, ticket.claim_token, **note))
            return
        self.wanted -= 1
        say(key=str(key), undone=self.random.random() < 0.05 and self.undo(reply))

    def undo(self, reply: Any) -> bool:
        from django.utils import timezone

        from mentions.replies import replies

        try:
            patiently(lambda: replies.undo(reply.pk, self.user, timezone.now()))
        except replies.TooLate:
            return False
        return True


class Ghost(threading.Thread):
    """Claims a ticket and never returns."""

    def run(self) -> None:
        from django.contrib.auth.models import User
        from django.utils import timezone

        from mentions.queue import claims

        user = patiently(lambda: User.objects.get(username=self.name))
        while not stopping.wait(0.5):
            if patiently(lambda: claims.claim_next(user, None, timezone.now())):
                return


class ImpatientAdmin(threading.Thread):
    """Presses *poll now* on every connection every `pause_s` seconds, even during a pause after a failure."""

    def __init__(self, pause_s: float) -> None:
        super().__init__()
        self.pause_s = pause_s

    def run(self) -> None:
        from django.utils import timezone

        from channels.models import Connection
        from channels.polling import pausing

        ids = patiently(lambda: list(Connection.objects.values_list("pk", flat=True)))
        while not stopping.wait(self.pause_s):
            patiently(lambda: pausing.poll_soon(ids, timezone.now()))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--replies", type=int, required=True)
    parser.add_argument("--seed", required=True)
    parser.add_argument("--impatience", type=float, default=2, help="seconds between two rounds of *poll now*")
    wanted = parser.parse_args()
    django.setup()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    make_view()
    share = -(-wanted.replies // len(ADVOCATES))
    advocates = [Advocate(name, share, wanted.seed) for name in ADVOCATES]
    others: list[threading.Thread] = [*(Ghost(name=name) for name in GHOSTS), ImpatientAdmin(wanted.impatience)]
    for each in [*advocates, *others]:
        each.daemon = True
        each.start()
    while any(each.is_alive() for each in advocates):
        time.sleep(0.1)
    say(written=True)
    while not stopping.wait(0.5):
        pass  # the admin continues
    return 0


if __name__ == "__main__":
    sys.exit(main())
