"""Webmail for every fictional person's mailbox, and the team's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.base.acts import Act
from sandbox.pages.elements import el, join, link, missing, page, when
from sandbox.platforms.email import parts
from sandbox.platforms.email.mailboxes import TEAM
from sandbox.store import Doc
from sandbox.wire.http import Request, Response, Router

if TYPE_CHECKING:
    from sandbox.platforms.email import Email

SECTION = "Mail"
SHOWN = 200
HEADERS = [
    "From",
    "To",
    "Cc",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Delivered-To",
    "Auto-Submitted",
    "Authentication-Results",
]


class Pages:
    def __init__(self, email: Email) -> None:
        self.email, self.mailboxes = email, email.mailboxes

    def register(self, router: Router) -> None:
        router.add("GET", "/mail/", self.owners)
        router.add("GET", "/mail/{mailbox}", self.mailbox)
        router.add("GET", "/mail/{mailbox}/{folder}/{uid}", self.mail)
        router.add("POST", "/mail/answer", self.answer)

    def owners(self, request: Request) -> Response:
        counts = self.mailboxes.owners()
        names = [TEAM, *sorted(name for name in counts if name != TEAM)]
        rows = [
            el("tr", el("th", link(f"/mail/{name}", name), scope="row"), el("td", f"{counts.get(name, 0)} mails"))
            for name in names
        ]
        return page("Mail", el("table", el("tbody", rows)), section=SECTION)

    def mailbox(self, request: Request) -> Response:
        name = request.params["mailbox"]
        mails = [m for m in self.email.store.all("mail").values() if m["mailbox"] == name]
        if not mails and name != TEAM:
            return missing(f"mailbox {name}", SECTION)
        newest = sorted(mails, key=lambda m: (m["at"], m["uid"]), reverse=True)[:SHOWN]
        rows = [
            el(
                "tr",
                el("td", link(_path(m), m["subject"] or "(no subject)")),
                el("td", m["to"] if m["folder"] == "Sent" else m["name"] or m["sender"]),
                el("td", m["folder"], class_="quiet"),
                el("td", when(m["at"])),
            )
            for m in newest
        ]
        return page(name, el("table", el("tbody", rows)), section=SECTION)

    def mail(self, request: Request) -> Response:
        key = "/".join(request.params[part] for part in ("mailbox", "folder", "uid"))
        mail = self.mailboxes.get(key)
        if mail is None:
            return missing("such mail", SECTION)
        message = parts.parsed(self.mailboxes.raw(mail))
        head = [(name, parts.header(message, name)) for name in HEADERS]
        files = parts.attachments(message)
        return page(
            mail["subject"] or "(no subject)",
            el("p", "in ", link(f"/mail/{mail['mailbox']}", mail["mailbox"]), f", {mail['folder']}"),
            el("table", el("tbody", [el("tr", el("th", n, scope="row"), el("td", v)) for n, v in head if v])),
            el("article", el("pre", parts.text_of(message), class_="text")),
            el("ul", [el("li", f"{f['name']} ({f['type']}, {f['size']} bytes)") for f in files]) if files else None,
            self._thread(mail),
            self._form(mail) if mail["mailbox"] != TEAM else None,
            section=SECTION,
        )

    def _thread(self, mail: Doc) -> object:
        """Other emails of the conversation in the same mailbox."""
        ids = {mail["message_id"], mail["in_reply_to"], *mail["references"]} - {""}
        related = [
            m
            for m in self.email.store.all("mail").values()
            if m["mailbox"] == mail["mailbox"]
            and m is not mail
            and ids & {m["message_id"], m["in_reply_to"], *m["references"]}
        ]
        if not related:
            return None
        rows = [el("li", link(_path(m), m["subject"]), " · ", m["sender"], " · ", when(m["at"])) for m in related]
        return join(el("h2", "In this conversation"), el("ul", rows))

    def _form(self, mail: Doc) -> object:
        hidden = [("id", mail["message_id"]), ("as", mail["mailbox"])]
        return el(
            "form",
            el("h2", f"Answer as {mail['mailbox']}"),
            [el("input", type="hidden", name=n, value=v) for n, v in hidden],
            el("label", "Text", el("textarea", name="text", rows=4, required=True)),
            el("button", "Send", type="submit"),
            method="post",
            action="/mail/answer",
            class_="reply",
        )

    def answer(self, request: Request) -> Response:
        form = request.form()
        more = {"form": "quoted"}
        act = Act("email", "post", form.get("as", ""), form.get("text", ""), parent=form.get("id", ""), more=more)
        return self.email.acted(act)


def _path(mail: Doc) -> str:
    return f"/mail/{mail['mailbox']}/{mail['folder']}/{mail['uid']}"
