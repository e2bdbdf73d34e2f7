"""Automatic mail: stored, but never queued, timed or answered.

Follows RFC 3834, section 2, and older mailer conventions: a single sign is enough.
"""

from __future__ import annotations

from channels.adapters.email.mime.headers import Headers
from channels.adapters.email.mime.mime import Part

_PRECEDENCE = frozenset({"bulk", "list", "junk", "auto_reply"})
_REPLIED_BY_MACHINE = ("x-autoreply", "x-auto-reply", "x-autorespond")
_LISTS = ("list-id", "list-unsubscribe")
_SIGNS = ("x-loop", "x-failed-recipients")
_ROBOTS = frozenset({"mailer-daemon", "mail-daemon"})


def automatic_reason(mail: Part, account: str, is_own: bool, our_id: bool) -> str | None:
    """Why a mail counts as automatic; None if a person wrote it. `account` is the local part of From.

    Our own mail may legitimately pass through a mailing list, so only signs of machine authorship count there. A mail
    with one of our ids that isn't proved ours is our own mail looping back.
    """
    headers = mail.headers
    reason = _written_by_machine(mail, account)
    if reason or is_own:
        return reason
    if our_id:
        return "message-id"
    precedence = headers.first("precedence").strip().lower()
    if precedence in _PRECEDENCE:
        return "precedence"
    return next((name for name in _LISTS if name in headers), None)


def _written_by_machine(mail: Part, account: str) -> str | None:
    headers = mail.headers
    submitted = _keyword(headers, "auto-submitted")
    if submitted and submitted != "no":
        return "auto-submitted"
    for name in _REPLIED_BY_MACHINE:
        if name in headers and _keyword(headers, name) not in ("no", "false"):
            return name
    suppress = _keyword(headers, "x-auto-response-suppress")
    if suppress and suppress != "none":
        return "x-auto-response-suppress"
    if mail.type == "multipart/report":
        return "report"
    for name in _SIGNS:
        if name in headers:
            return name
    if account in _ROBOTS:
        return "mailer-daemon"
    if headers.first("return-path").replace(" ", "") == "<>":
        return "null-sender"
    return None


def _keyword(headers: Headers, name: str) -> str:
    """`auto-replied (vacation); owner-email=…` → `auto-replied`"""
    return headers.first(name).partition(";")[0].partition("(")[0].strip().lower()
