"""Email: real IMAP and SMTP servers; the customers' mailboxes as web pages under /mail."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from sandbox.base.acts import Access, Act, Impossible, Made
from sandbox.base.platform import Platform
from sandbox.base.universe import Universe
from sandbox.platforms.email import compose, pages, parts, smtp
from sandbox.platforms.email.imap import ImapServer
from sandbox.platforms.email.mailboxes import TEAM, Mailboxes, addresses, alias_address, alias_of, is_ours
from sandbox.store import Doc
from sandbox.stories import reactions
from sandbox.world import ALIASES, CATCH_ALL, DOMAIN, MAILBOX_PASSWORD, MAILBOX_USER, MX, address, member


class Email(Platform):
    name = "email"
    title = "Mail"
    home = "/mail/"
    servers = (pages.Pages,)
    kinds = ("question", "praise", "bug", "application", "moving", "spam")

    def __init__(self, universe: Universe) -> None:
        super().__init__(universe)
        self.mailboxes = Mailboxes(universe.store, universe.born_at)
        self._imap: ImapServer | None = None
        self._loop: asyncio.AbstractEventLoop  # opened with the sockets; a sandbox that is only inspected has none
        self._thread = threading.Thread(target=self._run, name="mail", daemon=True)
        self._ready = threading.Event()
        self._failed: BaseException | None = None

    # --- sockets ----------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread.start()
        self._ready.wait(30)
        if self._failed is not None:
            raise self._failed
        self.mailboxes.arrived.append(self._tell_imap)

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=2)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._listen())
        except BaseException as error:
            self._failed = error
            raise
        finally:
            self._ready.set()
        self._loop.run_forever()

    async def _listen(self) -> None:
        ports = self.universe.ports
        self._imap = ImapServer(self.mailboxes, self.universe.faults)
        imap = await self._imap.start(ports["host"], ports["imap"])
        make = smtp.factory(self._loop, self.universe.faults, self.accept)
        server = await self._loop.create_server(make, ports["host"], ports["smtp"])
        self._servers = (imap, server)
        ports["imap"], ports["smtp"] = imap.sockets[0].getsockname()[1], server.sockets[0].getsockname()[1]

    def _tell_imap(self, mail: Doc) -> None:
        if mail["mailbox"] == TEAM and self._imap is not None:
            folder = self._imap.folders.folder(mail["folder"])
            if folder is not None:
                self.store.after_commit(lambda: self._loop.call_soon_threadsafe(folder.arrived, mail))

    # --- acts -------------------------------------------------------------------------------------------------

    def url(self, mail: Doc) -> str:
        return f"{self.universe.public_url}/mail/{mail['mailbox']}/{mail['folder']}/{mail['uid']}"

    def existing(self, message_id: str) -> Doc:
        """A copy of the email, the team's if there is one."""
        copies = self.mailboxes.found(message_id)
        if not copies:
            raise Impossible(f"there is no mail {message_id}")
        return min(copies, key=lambda mail: mail["mailbox"] != TEAM)

    def perform(self, act: Act) -> Made:
        """`more`: subject, to (aliases), cc, name, form, attachments, headers, dkim."""
        if act.verb != "post":
            raise Impossible(f"nobody can {act.verb} a mail that was sent")
        parent = self.existing(act.parent) if act.parent else None
        mail = self._from_team(act, parent) if act.by_team else self._from_customer(act, parent)
        return Made(mail["message_id"], self.url(mail))

    def _new_id(self, domain: str) -> str:
        number = self.store.next_number("message_id")
        return f"{number:06d}.{self.universe.seed}.{int(self.universe.born_at)}@{domain}"

    def _letter(self, act: Act, parent: Doc | None, sender: str, to: list[str], at: float) -> compose.Letter:
        more = act.more
        subject = more.get("subject") or "A question"
        letter = compose.Letter(
            sender=sender,
            name=more.get("name", ""),
            to=to,
            subject=subject,
            text=act.text,
            message_id=self._new_id(sender.partition("@")[2] or "mail.example"),
            at=at,
            form=more.get("form", "plain"),
            cc=[alias_address(a) for a in more.get("cc", ())],
            headers=more.get("headers", {}),
            attachments=more.get("attachments", []),
        )
        if parent is not None:
            letter.subject = more.get("subject") or _answered(parent["subject"])
            letter.parent_id, letter.references = parent["message_id"], parent["references"]
            letter.quoted = compose.quote(parent["text"], parent["name"] or parent["sender"], parent["at"])
        return letter

    def _from_customer(self, act: Act, parent: Doc | None) -> Doc:
        at = act.at or self.universe.now()
        to = [alias_address(a) for a in act.more.get("to") or ()]
        if parent is not None and not to:
            to = [_reply_to(parent)]
        letter = self._letter(act, parent, act.author.lower(), to or [address(CATCH_ALL)], at)
        raw = compose.build(letter).as_bytes()
        about = {**parts.described(raw), "kind": act.kind, "requester": act.more.get("requester", "")}
        if not about["has_message_id"]:
            about["message_id"] = letter.message_id
        self.mailboxes.deliver(letter.sender, raw, at=at, folder="Sent", **about)
        dkim = act.more.get("dkim", "pass")
        aliases = [a for a in addresses(*letter.to, *letter.cc, *act.more.get("bcc", ())) if is_ours(a)]
        # Some servers deliver an email to two aliases twice, others once; both happen here.
        if len(aliases) > 1 and sum(map(ord, letter.message_id)) % 2:
            aliases = aliases[:1]
        copies = []
        for alias in aliases or [address(CATCH_ALL)]:
            stamped = compose.stamped(raw, delivered_to=alias, sender=letter.sender, at=at, dkim=dkim)
            copies.append(self.mailboxes.deliver(TEAM, stamped, at=at, **about, dkim=dkim))
        return copies[0]

    def _from_team(self, act: Act, parent: Doc | None) -> Doc:
        """A reply written in a mail client: a copy in Sent, one to the customer, one for each alias in Cc."""
        at = act.at or self.universe.now()
        if parent is None and not act.more.get("to"):
            raise Impossible("a mail from the team needs a mail that it answers, or an address")
        person = member(act.author) if act.author not in ("team", *ALIASES) else None
        written_to = _our_address(parent) if parent else address(CATCH_ALL)
        sender = person.email if person else address(act.author) if act.author in ALIASES else written_to
        to = [parent.get("requester") or parent["sender"]] if parent else [str(a) for a in act.more["to"]]
        act.more.setdefault("name", person.name if person else ALIASES.get(alias_of(sender) or "", ""))
        if person is not None and act.author not in ALIASES:
            act.more.setdefault("cc", [written_to])
        letter = self._letter(act, parent, sender, to, at)
        raw = compose.build(letter).as_bytes()
        about = {**parts.described(raw), "kind": act.kind, "by_team": True}
        if person is None or act.author in ALIASES:
            sent = self.mailboxes.deliver(TEAM, raw, at=at, folder="Sent", **about)
        else:  # from a personal mailbox, which the desk doesn't see
            sent = self.mailboxes.deliver(sender, raw, at=at, folder="Sent", **about)
        for who in [*letter.to, *letter.cc]:
            stamped = compose.stamped(raw, delivered_to=who, sender=sender, at=at)
            self.mailboxes.deliver(TEAM if is_ours(who) else who.lower(), stamped, at=at, **about)
        return sent

    # --- the desk's emails -------------------------------------------------------------------------------------

    def accept(self, raw: bytes, sender: str, recipients: list[str]) -> None:
        """An email arrived by SMTP: deliver it to all recipients in one transaction, then let people react."""
        at = self.universe.now()
        about = parts.described(raw)
        with self.store.transaction():
            number = self.store.next_number("smtp")
            evidence = {k: about[k] for k in ("message_id", "subject", "text", "in_reply_to", "references")}
            self.store.put("smtp", str(number), {**evidence, "from": sender, "recipients": recipients, "at": at})
            for recipient in recipients:
                self._deliver_outgoing(raw, about, sender, recipient.lower(), at)

    def _deliver_outgoing(self, raw: bytes, about: dict[str, Any], sender: str, recipient: str, at: float) -> None:
        local = recipient.partition("@")[0]
        if local.startswith("bounce"):
            return self._bounce(raw, sender, recipient, at)
        stamped = compose.stamped(raw, delivered_to=recipient, sender=sender, at=at)
        owner = TEAM if is_ours(recipient) else recipient
        mail = self.mailboxes.deliver(owner, stamped, at=at, **about, desk=True)
        if owner == TEAM:
            return
        if any(word in local for word in ("autoreply", "vacation", "ooo")):
            return self._autoreply(mail, recipient)
        sent = [m for m in self.mailboxes.in_folder(owner, "Sent") if m["in_reply_to"] or not about["in_reply_to"]]
        name = next((m["name"] for m in self.mailboxes.in_folder(owner, "Sent")), "")
        reactions.to_mail(self.universe, mail["message_id"], recipient, name, len(sent))

    def _bounce(self, raw: bytes, sender: str, recipient: str, at: float) -> None:
        if not is_ours(sender):
            return
        message_id = self._new_id(recipient.partition("@")[2])
        report = compose.bounce(parts.parsed(raw), recipient, to=sender, message_id=message_id, at=at)
        stamped = compose.stamped(report, delivered_to=sender, sender="", at=at, dkim="none")
        self.mailboxes.deliver(TEAM, stamped, at=at, **{**parts.described(report), "kind": "bounce", "auto": True})

    def _autoreply(self, mail: Doc, recipient: str) -> None:
        """Never replies to automatic mail (RFC 3834)."""
        if mail["auto"]:
            return
        more = {"form": "autoreply", "subject": f"Automatic reply: {mail['subject']}"}
        text = "I am out of office until Monday and will answer then."
        self.perform(Act("email", "post", recipient, text, parent=mail["message_id"], kind="automatic", more=more))

    def access(self) -> Access:
        ports = self.universe.ports
        settings = {
            "imap_host": ports["host"],
            "imap_port": ports["imap"],
            "smtp_host": ports["host"],
            "smtp_port": ports["smtp"],
            "imap_security": "plain",
            "imap_user": MAILBOX_USER,
            "smtp_security": "plain",
            "smtp_user": MAILBOX_USER,
            "inbox_folder": "INBOX",
            "sent_folder": "Sent",
            "default_domain": DOMAIN,
            "trusted_authserv": MX,
        }
        return Access(settings, {"imap_password": MAILBOX_PASSWORD, "smtp_password": MAILBOX_PASSWORD})

    # --- truth ------------------------------------------------------------------------------------------------

    def truth(self, *, search: bool = False) -> dict[str, list[dict[str, Any]]]:
        """By Message-ID; `uids` are its copies in INBOX. Automatic mail is listed in `automatic`, not as mentions."""
        lists: dict[str, list[dict[str, Any]]] = {
            "mentions": [],
            "optional": [],
            "ours": [],
            "automatic": [],
            "desk": [],
        }
        seen: dict[str, dict[str, Any]] = {}
        for mail in self.mailboxes.in_folder(TEAM, "INBOX"):
            if mail["message_id"] in seen:
                seen[mail["message_id"]]["uids"].append(mail["uid"])
                continue
            entry = seen[mail["message_id"]] = self._entry(mail)
            genuine = is_ours(mail["sender"]) and mail.get("dkim", "pass") == "pass" and not mail.get("requester")
            lists["automatic" if mail["auto"] else "ours" if genuine else "mentions"].append(entry)
        lists["ours"] += [self._entry(mail) for mail in self.mailboxes.in_folder(TEAM, "Sent")]
        lists["desk"] = list(self.store.all("smtp").values())
        return lists

    def _entry(self, mail: Doc) -> dict[str, Any]:
        return {
            "id": mail["message_id"],
            "has_message_id": mail["has_message_id"],
            "folder": mail["folder"],
            "uids": [mail["uid"]],
            "author": mail["sender"],
            "requester": mail.get("requester") or mail["sender"],
            "subject": mail["subject"],
            "text": mail["text"],
            "at": mail["at"],
            "in_reply_to": mail["in_reply_to"] or None,
            "addressed": [a for a in map(alias_of, addresses(mail["to"], mail["cc"])) if a],
            "deleted": False,
            "kind": mail["kind"],
        }


def _answered(subject: str) -> str:
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"


def _reply_to(parent: Doc) -> str:
    """Where the customer's answer goes: back to the sender or, after their own mail, to the same alias."""
    return parent["sender"] if is_ours(parent["sender"]) else _our_address(parent)


def _our_address(mail: Doc) -> str:
    """Our address that an email was sent to or from."""
    ours = [a for a in addresses(mail["to"], mail["cc"], mail["sender"]) if is_ours(a) and a != MAILBOX_USER]
    return ours[0] if ours else address(CATCH_ALL)


PLATFORM = Email
