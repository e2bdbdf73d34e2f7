"""A ticket's Events as sentences. An unknown kind is shown by its name, never left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels.models.connection import Priority
from mentions.models import Application, Event, EventKind, Ticket
from mentions.text import times

SHOWN = 200
STATUS_WORDS = dict(Ticket.Status.choices)
WAITING_WORDS = dict(Ticket.WaitingOn.choices)
REASON_WORDS = dict(Ticket.NoReply.choices)
PRIORITY_WORDS = dict(Priority.choices)
WHY_WORDS: dict[str, Callable[[], str]] = {
    "time": lambda: _("scheduled time reached"),
    "answer_seen": lambda: _("the answer was seen"),
    "answer_deleted": lambda: _("the answer was deleted"),
    "reply_undone": lambda: _("the reply was undone"),
    "answer_not_seen": lambda: _("the answer was not seen in time"),
    "issue_failed": lambda: _("the issue could not be opened"),
    "closed_there": lambda: _("the report is closed on its platform"),
    "closed_unanswered": lambda: _("the report was closed without an answer"),
    "reopened_there": lambda: _("the report was reopened on its platform"),
    "requester": lambda: _("the requester wrote again"),
    "named_us": lambda: _("a message mentions us"),
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """`who` "" means the desk itself."""

    at: datetime
    who: str
    words: str


def sentences(ticket: Ticket) -> list[Sentence]:
    """The ticket's history as sentences, newest first; one statement."""
    events = ticket.events.select_related("actor").order_by("-at", "-id")[:SHOWN]
    return [Sentence(event.at, _name(event), sentence(event.kind, event.data)) for event in events]


def _name(event: Event) -> str:
    return (event.actor.get_short_name() or event.actor.get_username()) if event.actor else ""


def sentence(kind: str, data: dict[str, Any]) -> str:
    """What happened, without who and when. Pure except for the active language."""
    make = SENTENCES.get(kind)
    words = make(data) if make else kind.replace("_", " ")
    why = data.get("why")
    if not why:
        return words
    known = WHY_WORDS.get(str(why))
    return f"{words}: {known() if known else why}"


def _value(data: dict[str, Any], side: str, field: str) -> Any:
    """Events from verbs hold {"from": {field: value}}, those from ingest the bare value."""
    value = data.get(side)
    if isinstance(value, dict):
        return value.get(field)
    return value if field == "status" else None


def _status(data: dict[str, Any]) -> str:
    after = _value(data, "to", "status")
    if after is None:
        return _("was changed")
    return _("is now %(status)s") % {"status": STATUS_WORDS.get(after, after)}


def _parked(data: dict[str, Any]) -> str:
    waiting = WAITING_WORDS.get(_value(data, "to", "waiting_on") or "", _("a while"))
    wake = _value(data, "to", "wake_at")
    if not wake:
        return _("parked, waiting for %(what)s") % {"what": waiting}
    return _("parked, waiting for %(what)s until %(at)s") % {
        "what": waiting,
        "at": times.exact(datetime.fromisoformat(wake)),
    }


def _tagged(data: dict[str, Any]) -> str:
    parts = []
    if data.get("added"):
        parts.append(_("tagged %(tags)s") % {"tags": ", ".join(data["added"])})
    if data.get("removed"):
        parts.append(_("removed %(tags)s") % {"tags": ", ".join(data["removed"])})
    return "; ".join(parts) or _("tags")


def _priority(data: dict[str, Any]) -> str:
    after = data.get("to")
    word = PRIORITY_WORDS.get(after, str(after)) if isinstance(after, int) else "?"
    return _("priority is now %(priority)s") % {"priority": word}


def _no_reply(data: dict[str, Any]) -> str:
    reason = data.get("reason", "")
    words = (
        _("marked no reply needed: %(reason)s, with a like")
        if data.get("like")
        else _("marked no reply needed: %(reason)s")
    )
    return words % {"reason": REASON_WORDS.get(reason, reason)}


def _handed_back(data: dict[str, Any]) -> str:
    return _("handed it back: %(note)s") % {"note": data.get("note", "")}


def _handed_over(data: dict[str, Any]) -> str:
    words = _("handed it over to %(who)s") % {"who": data.get("who") or _("the queue")}
    return f"{words}: {data['note']}" if data.get("note") else words


def _undone(data: dict[str, Any]) -> str:
    if data.get("reply"):
        return _("undid a reply before it was sent")
    return _("undid the last step")


def _replied(data: dict[str, Any]) -> str:
    after = _value(data, "to", "status")
    if after in ("solved", "pending"):
        return _("replied; %(status)s") % {"status": STATUS_WORDS[after]}
    return _("replied")


def _macro(data: dict[str, Any]) -> str:
    words = _("applied “%(macro)s”, with a like") if data.get("like") else _("applied “%(macro)s”")
    return words % {"macro": data.get("name") or _("a macro")}


def _merged(data: dict[str, Any]) -> str:
    into = data.get("to") or data.get("into")
    if into:
        return _("merged into #%(id)s") % {"id": into}
    return _("merged in #%(id)s") % {"id": data.get("from") or data.get("ticket") or "?"}


def _split(data: dict[str, Any]) -> str:
    count = len(data.get("messages") or [1])
    if data.get("to"):
        words = ngettext("split a message into #%(id)s", "split %(count)d messages into #%(id)s", count)
        return words % {"count": count, "id": data["to"]}
    return _("was split from #%(id)s") % {"id": data.get("from") or "?"}


def _unreadable(data: dict[str, Any]) -> str:
    if data.get("version"):
        words = _("a newer version came in that could not be read: %(reason)s")
    elif data.get("again"):
        words = _("could still not be read: %(reason)s")
    else:
        words = _("could not be read: %(reason)s")
    return words % {"reason": data.get("reason", "")}


def _readable(data: dict[str, Any]) -> str:
    if data.get("to"):
        return _("could now be read; the message belongs to #%(id)s") % {"id": data["to"]}
    if data.get("from"):
        return _("got the message of #%(id)s, which could not be read before") % {"id": data["from"]}
    return _("closed") if data.get("why") else _("could now be read and was replaced by the real message")


OUTREACH_WORDS: dict[str, Callable[[], str]] = {
    "": lambda: _("was asked"),
    "acknowledged": lambda: _("will answer"),
    "redirected": lambda: _("suggested somebody else"),
    "declined": lambda: _("cannot answer"),
    "draft": lambda: _("sent a draft"),
    "sent": lambda: _("draft was sent"),
    "no_answer": lambda: _("did not answer"),
    "withdrawn": lambda: _("is no longer needed"),
    "told": lambda: _("got another message in Slack"),
    "waiting": lambda: _("has not answered yet; still waiting"),
    "wrote": lambda: _("changed the draft"),
    "review": lambda: _("asked for a review of their answer"),
}


def _outreach(data: dict[str, Any]) -> str:
    said = str(data.get("said") or (data["to"] if isinstance(data.get("to"), str) else ""))  # else the ticket's state
    words = OUTREACH_WORDS.get(said)
    return f"{data.get('who') or _('an expert')} {words() if words else said}"


def _community(data: dict[str, Any]) -> str:
    words = COMMUNITY_WORDS.get(str(data.get("said")))
    return words({"who": _("somebody"), **data}) if words else _("shared with all colleagues")


COMMUNITY_WORDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "taken": lambda data: _("%(who)s took it in Slack") % data,
    "freed": lambda data: _("%(who)s did not answer; free for others again") % data,
    "answered": lambda data: _("%(who)s answered from the community channel") % data,
    "over": lambda data: _("nobody from the community channel answered"),
    "failed": lambda data: _("could not be shared"),
}


def _wrong_handle(data: dict[str, Any]) -> str:
    names = {"used": data.get("used") or "?", "right": data.get("right") or "?"}
    if data.get("is_ours"):
        return _("answered from the wrong handle: %(used)s instead of %(right)s") % names
    return _("they wrote to %(used)s; the right handle is %(right)s") % names


DISCLOSURE_WORDS: dict[str, Callable[[], str]] = {
    "asked": lambda: _("the reporter asks to publish the report"),
    "ours": lambda: _("we ask to publish the report"),
    "checked": lambda: _("checked the report for publication: ready"),
    "unchecked": lambda: _("checked the report for publication: not ready"),
    "soon": lambda: _("the report is published in a few days"),
    "due": lambda: _("the time is up; the report is published unless somebody stops it"),
    "published": lambda: _("the report is public"),
    "withdrawn": lambda: _("the request to publish the report was withdrawn"),
}


ISSUE_WORDS: dict[str, Callable[[], str]] = {
    "opening": lambda: _("started opening the issue “%(title)s”"),
    "opened": lambda: _("the issue “%(title)s” is open"),
    "failed": lambda: _("the issue “%(title)s” could not be opened"),
    "linked": lambda: _("linked the issue %(title)s"),
    "unlinked": lambda: _("removed the issue %(title)s"),
    "assigned": lambda: _("asked the tracker to assign the issue to %(who)s"),
    "closed": lambda: _("the issue “%(title)s” was closed: tell the requester"),
    "reopened": lambda: _("the issue “%(title)s” was reopened"),
    "missing": lambda: _("the issue %(title)s is gone or hidden"),
    "told": lambda: _("the requester was told about the issue"),
    "settled": lambda: _("no update about the issue needed"),
}


def _issue(data: dict[str, Any]) -> str:
    words = ISSUE_WORDS.get(str(data.get("said")))
    names = {"title": data.get("title") or data.get("url") or "", "who": data.get("who") or ""}
    return words() % names if words else _("issue")


URGENT_WORDS: dict[str, Callable[[], str]] = {
    "asked": lambda: _("marked it as urgent: %(note)s"),
    "called": lambda: _("called %(who)s"),
    "escalated": lambda: _("nobody took it; called %(who)s"),
    "taken": lambda: _("took it"),
    "freed": lambda: _("%(who)s released it; free for others again"),
    "over": lambda: _("no longer urgent: settled"),
    "withdrawn": lambda: _("marked it as not urgent"),
}


INCIDENT_WORDS: dict[str, Callable[[], str]] = {
    "added": lambda: _("is about the incident “%(name)s”"),
    "declined": lambda: _("is not about the incident “%(name)s”"),
    "removed": lambda: _("taken out of the incident “%(name)s”"),
    "answered": lambda: _("answered it in bulk about the incident “%(name)s”"),
    "over": lambda: _("told them in bulk that the incident “%(name)s” is over"),
    "left_out": lambda: _("left out of the bulk reply about the incident “%(name)s”"),
    "undone": lambda: _("took back the bulk reply about the incident “%(name)s”"),
}


def _incident(data: dict[str, Any]) -> str:
    words = INCIDENT_WORDS.get(str(data.get("said")))
    return words() % {"name": data.get("name") or ""} if words else _("incident")


def _urgent(data: dict[str, Any]) -> str:
    words = URGENT_WORDS.get(str(data.get("said")))
    return words() % {"who": data.get("who") or _("nobody"), "note": data.get("note") or ""} if words else _("urgent")


def _code(data: dict[str, Any]) -> str:
    words = _("put a code back into “%(name)s”") if data.get("said") == "returned" else _("took a code from “%(name)s”")
    return words % {"name": data.get("name") or "?"}


def _application(data: dict[str, Any]) -> str:
    state = data.get("to")
    names = dict(Application.State.choices)
    return _("application: %(state)s") % {"state": names.get(state, state) if isinstance(state, str) else "?"}


def _disclosure(data: dict[str, Any]) -> str:
    words = DISCLOSURE_WORDS.get(str(data.get("said")))
    return words() if words else _("publication of the report")


SENTENCES: dict[str, Callable[[dict[str, Any]], str]] = {
    EventKind.CREATED: lambda data: _("came in"),
    EventKind.UNREADABLE: lambda data: _unreadable(data),
    EventKind.READABLE: lambda data: _readable(data),
    EventKind.CLAIMED: lambda data: _("claimed it"),
    EventKind.RELEASED: lambda data: _("released it to the queue"),
    EventKind.EXPIRED: lambda data: _("the claim expired; back in the queue"),
    EventKind.HANDED_BACK: _handed_back,
    EventKind.STATUS: _status,
    EventKind.PARKED: _parked,
    EventKind.WOKEN: lambda data: _("back in the queue"),
    EventKind.ASSIGNED: lambda data: _("assigned it") if data.get("to") else _("unassigned it"),
    EventKind.TAGGED: _tagged,
    EventKind.PRIORITY: _priority,
    EventKind.MACRO: _macro,
    EventKind.NOTED: lambda data: _("wrote a note"),
    EventKind.REPLIED: _replied,
    EventKind.ANSWERED_OUTSIDE: lambda data: _("answered on the platform"),
    EventKind.NO_REPLY: _no_reply,
    EventKind.CORRECTED: _no_reply,
    EventKind.UNDONE: _undone,
    EventKind.BLOCKED: lambda data: _("the reply was stopped before it was sent"),
    EventKind.DELIVERED: lambda data: _("the reply is on the platform"),
    EventKind.DELIVERY_FAILED: lambda data: _("the reply could not be sent"),
    EventKind.UNCERTAIN: lambda data: _("uncertain whether the reply was posted; check the platform"),
    EventKind.DELETED: lambda data: _("a message was deleted on the platform"),
    EventKind.DELETE_ASKED: lambda data: _("requested that the reply be deleted on the platform"),
    EventKind.DELETE_FAILED: lambda data: _("the reply could not be deleted on the platform"),
    EventKind.EDITED: lambda data: _("a message was edited by its author"),
    EventKind.RESTORED: lambda data: _("a deleted message is back on the platform"),
    EventKind.MERGED: _merged,
    EventKind.SPLIT: _split,
    EventKind.LIKED: lambda data: _("liked a message"),
    EventKind.SHARED: lambda data: _("shared it to %(channel)s") % {"channel": data.get("channel") or "Slack"},
    EventKind.BOUNCED: lambda data: _("our mail bounced"),
    EventKind.OUTREACH: lambda data: _outreach(data),
    EventKind.EXPERT_RESPONDED: lambda data: _("%(who)s answered") % {"who": data.get("who") or _("an expert")},
    EventKind.COMMUNITY: lambda data: _community(data),
    EventKind.ERASED: lambda data: _("the requester’s messages were erased"),
    EventKind.DISCLOSURE: _disclosure,
    EventKind.ISSUE: _issue,
    EventKind.APPLICATION: _application,
    EventKind.CODE: _code,
    EventKind.URGENT: _urgent,
    EventKind.INCIDENT: _incident,
    EventKind.HANDED_OVER: _handed_over,
    EventKind.SPAM_REPORTED: lambda data: _("reported spam, with thanks"),
    EventKind.WRONG_HANDLE: _wrong_handle,
}
