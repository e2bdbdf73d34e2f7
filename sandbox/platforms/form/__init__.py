"""Acme's website with its application forms: submissions go to the desk through a signed webhook.

Replies go out by email, so the applicants' mailboxes are those under /mail.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from datetime import UTC, datetime
from typing import Any

from sandbox.base.acts import Access, Act, Impossible, Made, Timed
from sandbox.base.platform import Platform
from sandbox.platforms.form import pages
from sandbox.platforms.form.applications import FORMS, KINDS, filled_in
from sandbox.store import Doc
from sandbox.world import DOMAIN, MAILBOX_PASSWORD, MAILBOX_USER, Member

SECRET = "sandbox-secret-of-the-website"  # noqa: S105


class Website(Platform):
    name = "form"
    title = "Acme's website"
    home = "/website/"
    servers = (pages.Pages,)
    kinds = tuple(dict.fromkeys(KINDS))
    weight = 1

    def account(self, member: Member) -> str | None:
        """Nobody replies on a form."""
        return None

    def perform(self, act: Act) -> Made:
        """`more`: answers (name → text); kind or `more["to"]` selects the form."""
        if act.verb != "post" or act.parent or act.by_team:
            raise Impossible("a form is only sent; it is answered by mail")
        key = act.kind if act.kind in FORMS else str(act.more.get("to") or "education")
        if key not in FORMS:
            raise Impossible(f"there is no form {key!r}; there are {', '.join(FORMS)}")
        answers = dict(act.more.get("answers") or {})
        if not answers or act.more.get("made_for", key) != key:  # generated for a form other than the requested one
            answers = filled_in(self.universe.random, FORMS[key])
        if act.author:
            answers["email"] = act.author
        if act.text:
            answers["message" if "message" in FORMS[key].answers else "topic"] = act.text
        number = self.store.next_number("application")
        doc: Doc = {
            "id": f"application-{int(self.universe.born_at)}-{number}",
            "form": key,
            "answers": answers,
            "at": act.at or self.universe.now(),
            "kind": key,
        }
        self.store.put("application", doc["id"], doc)
        self.tell(lambda secret: signed(secret, doc, self.universe.now()))
        return Made(doc["id"], f"{self.universe.public_url}/website/{key}/{doc['id']}")

    def opening(self, random_: random.Random, key: str, *, kind: str = "", to: str = "", author: str = "") -> Timed:
        chosen = kind if kind in FORMS else to if to in FORMS else random_.choice(KINDS)
        answers = filled_in(random_, FORMS[chosen], author)
        text = answers.pop("message", "") or answers.pop("topic", "")
        return [
            (
                0.0,
                Act(
                    "form",
                    "post",
                    answers["email"],
                    text,
                    key=key,
                    kind=chosen,
                    more={"answers": answers, "made_for": chosen},
                ),
            )
        ]

    def applications(self) -> list[Doc]:
        with self.store.lock:
            return list(self.store.all("application").values())

    def answered(self, doc: Doc) -> list[Doc]:
        """The desk's emails to the submitter, from the form's alias."""
        form, person = FORMS[doc["form"]], doc["answers"].get("email", "").lower()
        return [m for m in self._desk() if m["from"] == form.address and person in map(str.lower, m["recipients"])]

    def _desk(self) -> list[Doc]:
        with self.store.lock:
            sent = list(self.store.all("smtp").values())
        return [mail for mail in sent if any(str(each).startswith("form.") for each in mail["references"])]

    def documents(self) -> list[Doc]:
        return self.applications()

    def entry(self, doc: Doc) -> dict[str, Any]:
        return {
            "id": doc["id"],
            "author": doc["answers"].get("email", "").lower(),
            "name": doc["answers"].get("name", ""),
            "answers": doc["answers"],
            "addressed": [FORMS[doc["form"]].address],
            "at": doc["at"],
            "kind": doc["kind"],
            "deleted": False,
        }

    def truth(self, *, search: bool = False) -> dict[str, list[dict[str, Any]]]:
        return super().truth() | {"desk": self._desk()}

    def access(self) -> Access:
        ports = self.universe.ports
        settings = {
            "smtp_host": ports["host"],
            "smtp_port": ports["smtp"],
            "smtp_security": "plain",
            "smtp_user": MAILBOX_USER,
            "default_domain": DOMAIN,
        }
        channels: dict[str, Any] = {
            form.address: (
                {
                    "form_title": form.title,
                    "intro": form.intro,
                    "form_fields": list(form.questions),
                    "thanks": "Thank you. We read every application and answer by email.",
                    "allowed_sites": [self.universe.public_url],
                    "subject": form.subject,
                    "from_name": form.title,
                },
                {},
            )
            for form in FORMS.values()
        }
        return Access(settings, {"smtp_password": MAILBOX_PASSWORD, "webhook_secret": SECRET}, channels)


def signed(secret: str, doc: Doc, now: float) -> tuple[bytes, dict[str, str]]:
    """Body and headers of the call, as specified in the desk's documentation."""
    submission = {
        "form": FORMS[doc["form"]].address,
        "id": doc["id"],
        "submitted_at": datetime.fromtimestamp(doc["at"], UTC).isoformat(),
        "answers": doc["answers"],
    }
    body = json.dumps(submission, ensure_ascii=False).encode()
    stamp = str(int(now))
    digest = hmac.new(secret.encode(), f"v1:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return body, {"Content-Type": "application/json", "X-Desk-Timestamp": stamp, "X-Desk-Signature": f"v1={digest}"}


PLATFORM = Website
