"""`python -m advocacy.tests.every_page`: opens every URL of the desk as a superuser and prints each status.

A separate program, so that a test can run it against any database and Redis: behind a pooler, or without Redis. With
the argument `fill` it creates and commits the rows to show instead.
"""

from __future__ import annotations

import json
import logging
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "advocacy.settings")
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402

from advocacy.tests.attacked import named_urls, world  # noqa: E402
from channels.db import db_session  # noqa: E402

LOGIN = {"login": "ada", "password": "a-long-password-7"}
LEAVE_OUT = ("healthz",)  # it responds with 503 while a part is down


def fill() -> None:
    world()
    get_user_model().objects.create_superuser(LOGIN["login"], "ada@example.com", LOGIN["password"])


def addresses() -> list[str]:
    """Every named URL, with values of existing rows for its parameters."""
    from mentions.models import Attachment, Author, Message, Reply, Ticket

    ticket = Ticket.objects.order_by("pk").first()
    assert ticket is not None
    rows = {"file": Attachment, "author": Author, "message": Message, "reply": Reply}
    found = {
        name: str(model.objects.order_by("pk").values_list("pk", flat=True).first()) for name, model in rows.items()
    }
    values = {"ticket_id": ticket.pk, "number": ticket.pk, "pk": found["file"], "view": "all", "name": "activity"}
    values |= {"slug": ticket.channel.slug, "form": "json", "outcome": "solve", "verb": "poll"}
    values |= {"author_id": found["author"], "message_id": found["message"], "reply_id": found["reply"]}
    made = []
    for name, pattern in named_urls():
        if name in LEAVE_OUT or name.endswith("logout"):
            continue
        groups = pattern.pattern.regex.groupindex
        try:
            made.append(reverse(name, kwargs={group: values.get(group, "1") for group in groups}))
        except Exception:
            try:
                made.append(reverse(name, kwargs=dict.fromkeys(groups, "00000000-0000-0000-0000-000000000000")))
            except Exception:
                logging.debug("%s takes what nobody knows here", name)
    return made


def answers() -> dict[str, int]:
    """URL → status of a GET; `login` → that of a real login with a password."""
    client = Client(raise_request_exception=False)
    found = {"login": client.post(reverse("account_login"), LOGIN).status_code}
    assert "_auth_user_id" in client.session, "the login was refused"
    for address in addresses():
        response = client.get(address)
        found[address] = response.status_code
        response.close()
    return found


if __name__ == "__main__":
    db_session.limit(db_session.for_web())
    logging.disable(logging.WARNING)
    if sys.argv[1:] == ["fill"]:
        fill()
    else:
        sys.stdout.write("\nANSWERS " + json.dumps(answers()) + "\n")
