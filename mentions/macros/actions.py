"""Macro actions: one small class each. Upper floors add theirs with `macros.register_action`.

An action validates its spec when the macro is saved (`check`, with errors for the admin), says what it would do
(`describe`) and does it (`run`) inside the macro's one transaction. It changes the ticket only through the context, so
a whole macro is one change and one Event.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid5

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from channels.contract import Purpose
from channels.models.connection import Priority
from channels.outbox import slack_posts
from mentions.models import Ticket
from mentions.models.parking_reasons import DEFAULT_WAIT
from mentions.replies import likes
from mentions.tickets.transitions import handed_over
from mentions.triage import notes, tagging

VARIABLES = ("requester_name", "handle", "ticket_url", "company", "link", "time", "channel", "me", "status_page_url")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_FIELD_NAME = re.compile(r"^[a-z][a-z0-9_]{0,39}$")

Spec = Mapping[str, Any]


class ActionError(ValueError):
    """An error in an action, for the admin who wrote it."""


@dataclass
class Context:
    """A macro running on one locked ticket. `changes` are ticket fields, applied together at the end."""

    ticket: Ticket
    actor: Any
    now: datetime
    key: UUID
    variables: dict[str, str]
    changes: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    """Stored in the Event."""
    reply_texts: list[str] = field(default_factory=list)

    def render(self, text: str, escape: Callable[[str], str] = str) -> str:
        """Fill in the variables, each passed through `escape`; unknown ones, and built-in ones without a value, stay
        unchanged."""
        return _PLACEHOLDER.sub(lambda match: escape(self._value_of(match[1])), text)

    def _value_of(self, name: str) -> str:
        unfilled = "{" + name + "}"
        return self.variables.get(name, unfilled) or (unfilled if name in VARIABLES else "")

    def key_for(self, name: str) -> UUID:
        """An outbox key that is stable within one application of the macro, so whatever leaves the desk leaves once."""
        return uuid5(self.key, name)


class Action(ABC):
    """Subclass, and register an instance under its `name`."""

    name: ClassVar[str]
    texts: ClassVar[tuple[str, ...]] = ()
    """Keys that hold text with variables and must not be empty."""
    opens: ClassVar[str] = ""
    """URL name of the page (ticket number) that carries the macro out; such an action is the macro's only one."""

    def check(self, spec: Spec) -> None:
        """Raises ActionError."""
        for key in self.texts:
            if not isinstance(spec.get(key), str) or not spec[key].strip():
                raise ActionError(_("needs a “%(key)s”.") % {"key": key})

    def fields(self, spec: Spec) -> list[dict[str, Any]]:
        """Fields to ask for first: [{"name", "label", "required", "kind"}]."""
        return []

    def gives(self, spec: Spec) -> set[str]:
        """Variables that it fills in for the actions after it."""
        return set()

    @abstractmethod
    def describe(self, spec: Spec, context: Context) -> str:
        """A description of what the action would do, for the advocate about to apply it."""

    @abstractmethod
    def run(self, spec: Spec, context: Context) -> None:
        """Perform the action, through the context."""


class Reply(Action):
    name = "reply"
    texts = ("text",)

    def describe(self, spec: Spec, context: Context) -> str:
        return _("Writes the reply")

    def run(self, spec: Spec, context: Context) -> None:
        context.reply_texts.append(context.render(spec["text"]))


class Note(Action):
    name = "note"
    texts = ("text",)

    def describe(self, spec: Spec, context: Context) -> str:
        return _("Notes: %(text)s") % {"text": context.render(spec["text"])}

    def run(self, spec: Spec, context: Context) -> None:
        note = notes.write(context.ticket, context.actor, context.render(spec["text"]), context.now)
        context.data.setdefault("notes", []).append(note.pk)


class Status(Action):
    """`reason`: why there is no answer, for a ticket solved without one."""

    name = "status"
    allowed = (Ticket.Status.OPEN, Ticket.Status.PENDING, Ticket.Status.SOLVED)

    def check(self, spec: Spec) -> None:
        if spec.get("status") not in self.allowed:
            raise ActionError(_("“status” must be one of %(known)s.") % {"known": ", ".join(self.allowed)})
        if spec.get("reason") and spec["reason"] not in Ticket.NoReply.values:
            known = ", ".join(value for value in Ticket.NoReply.values if value)
            raise ActionError(_("“reason” must be one of %(known)s.") % {"known": known})

    def describe(self, spec: Spec, context: Context) -> str:
        status = Ticket.Status(spec["status"]).label
        if not spec.get("reason"):
            return _("Sets the status to %(status)s") % {"status": status}
        reason = Ticket.NoReply(spec["reason"]).label
        return _("Sets the status to %(status)s; if nobody has answered: %(reason)s") % {
            "status": status,
            "reason": reason,
        }

    def run(self, spec: Spec, context: Context) -> None:
        context.changes["status"] = spec["status"]
        if spec.get("reason"):
            context.changes |= handed_over(context.ticket, spec["reason"])


class NoReplyNeeded(Action):
    name = "no_reply"

    def check(self, spec: Spec) -> None:
        if not spec.get("reason") or spec["reason"] not in Ticket.NoReply.values:
            known = ", ".join(value for value in Ticket.NoReply.values if value)
            raise ActionError(_("“reason” must be one of %(known)s.") % {"known": known})

    def describe(self, spec: Spec, context: Context) -> str:
        return _("No reply needed: %(reason)s") % {"reason": Ticket.NoReply(spec["reason"]).label}

    def run(self, spec: Spec, context: Context) -> None:
        context.changes |= {"status": Ticket.Status.SOLVED, "no_reply_reason": spec["reason"]}


class Park(Action):
    name = "park"

    def check(self, spec: Spec) -> None:
        if spec.get("waiting_on") not in DEFAULT_WAIT:
            raise ActionError(_("“waiting_on” must be one of %(known)s.") % {"known": ", ".join(DEFAULT_WAIT)})
        hours = spec.get("hours")
        if hours is not None and (isinstance(hours, bool) or not isinstance(hours, int) or not 0 < hours <= 8760):
            raise ActionError(_("“hours” must be a whole number from 1 to 8760."))

    def describe(self, spec: Spec, context: Context) -> str:
        return _("Parks it, waiting for %(what)s") % {"what": Ticket.WaitingOn(spec["waiting_on"]).label}

    def run(self, spec: Spec, context: Context) -> None:
        hours = spec.get("hours")
        wait = timedelta(hours=hours) if hours else DEFAULT_WAIT[spec["waiting_on"]]
        context.changes |= {
            "status": Ticket.Status.OPEN,
            "waiting_on": spec["waiting_on"],
            "wait_note": context.render(str(spec.get("note") or ""))[:300],
            "wake_at": context.now + wait,
            "assignee_id": context.actor.pk,
        }


class Tag(Action):
    name = "tag"

    def check(self, spec: Spec) -> None:
        names = spec.get("tags")
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise ActionError(_("needs “tags”, a list of names."))
        try:
            for name in names:
                tagging.tag_name(name)
        except ValidationError as error:
            raise ActionError(" ".join(error.messages)) from error

    def describe(self, spec: Spec, context: Context) -> str:
        return _("Adds the tags %(tags)s") % {"tags": ", ".join(spec["tags"])}

    def run(self, spec: Spec, context: Context) -> None:
        added, _removed = tagging.change(context.ticket, spec["tags"], ())
        context.data.setdefault("added", []).extend(added)


class Untag(Tag):
    name = "untag"

    def describe(self, spec: Spec, context: Context) -> str:
        return _("Removes the tags %(tags)s") % {"tags": ", ".join(spec["tags"])}

    def run(self, spec: Spec, context: Context) -> None:
        _added, removed = tagging.change(context.ticket, (), spec["tags"])
        context.data.setdefault("removed", []).extend(removed)


class SetPriority(Action):
    name = "priority"

    def check(self, spec: Spec) -> None:
        if isinstance(spec.get("priority"), bool) or spec.get("priority") not in Priority.values:
            known = ", ".join(f"{p.value} ({p.label})" for p in Priority)
            raise ActionError(_("“priority” must be one of %(known)s.") % {"known": known})

    def describe(self, spec: Spec, context: Context) -> str:
        return _("Sets the priority to %(priority)s") % {"priority": Priority(spec["priority"]).label}

    def run(self, spec: Spec, context: Context) -> None:
        context.data["priority"] = {"from": context.ticket.priority, "to": spec["priority"]}
        context.changes["priority"] = spec["priority"]


class AssignMe(Action):
    name = "assign_me"

    def describe(self, spec: Spec, context: Context) -> str:
        return _("Assigns it to you")

    def run(self, spec: Spec, context: Context) -> None:
        context.changes["assignee_id"] = context.actor.pk


class RequestFields(Action):
    """Asks for input before the macro is applied; the answers are variables in all its texts.

    `from` names a lookup's purpose: its page is the answer, and nobody is asked; without such a lookup, the field is
    asked for. `suggest`: what those lookups found for the ticket is offered as answers.
    """

    name = "request_fields"
    kinds = ("text", "url")

    def check(self, spec: Spec) -> None:
        wanted = spec.get("fields")
        if not isinstance(wanted, list) or not wanted or not all(isinstance(each, dict) for each in wanted):
            raise ActionError(_('needs “fields”, a list of {"name", "label"}.'))
        for each in wanted:
            if not _FIELD_NAME.match(str(each.get("name", ""))):
                raise ActionError(
                    _("“%(name)s”: a field name can only contain a-z, digits and _.") % {"name": each.get("name", "")}
                )
            if each["name"] in VARIABLES:
                raise ActionError(_("“%(name)s” is already the name of a variable.") % {"name": each["name"]})
            if each.get("kind", "text") not in self.kinds:
                raise ActionError(_("“kind” must be one of %(known)s.") % {"known": ", ".join(self.kinds)})
            for name in ("from", "suggest"):
                if name in each and each[name] not in list(Purpose):
                    raise ActionError(
                        _("“%(name)s” must be one of %(known)s.") % {"name": name, "known": ", ".join(Purpose)}
                    )

    def fields(self, spec: Spec) -> list[dict[str, Any]]:
        return [{"label": each["name"], "required": True, "kind": "text", **each} for each in spec["fields"]]

    def describe(self, spec: Spec, context: Context) -> str:
        labels = ", ".join(str(each["label"]) for each in self.fields(spec))
        return _("Asks for: %(labels)s") % {"labels": labels}

    def run(self, spec: Spec, context: Context) -> None:
        names = [each["name"] for each in spec["fields"]]
        context.data["fields"] = {name: context.variables[name] for name in names if context.variables.get(name)}


class ShareToSlack(Action):
    name = "share_to_slack"
    texts = ("channel", "text")

    def describe(self, spec: Spec, context: Context) -> str:
        return _("Posts to %(channel)s: %(text)s") % {"channel": spec["channel"], "text": context.render(spec["text"])}

    def run(self, spec: Spec, context: Context) -> None:
        item = slack_posts.post_message(
            key=context.key_for(f"slack:{spec['channel']}"),
            conversation=f"slack:{spec['channel']}",
            channel=spec["channel"],
            # The admin's text may mention somebody; a requester's name may not.
            text=context.render(spec["text"], slack_posts.escaped),
            not_before=context.now,
        )
        context.data.setdefault("slack", []).append(item.pk)


class Like(Action):
    """Likes the last message of a ticket that a *tag* action before it, or somebody, has marked as praise."""

    name = "like"

    def describe(self, spec: Spec, context: Context) -> str:
        message = likes.liked_of(context.ticket)
        why = likes.why_not(message.channel, context.actor) if message else _("There is no message to like.")
        return _("Sends no like: %(why)s") % {"why": why} if why else _("Likes their message")

    def run(self, spec: Spec, context: Context) -> None:
        if not context.ticket.tags.filter(name=likes.PRAISE_TAG).exists():
            return
        if item := likes.like_praise(context.ticket, context.actor, context.now):
            context.data["like"] = item.pk


BUILT_IN: tuple[Action, ...] = (
    *(Reply(), Note(), Status(), NoReplyNeeded(), Park(), Tag(), Untag(), SetPriority(), AssignMe()),
    *(RequestFields(), ShareToSlack(), Like()),
)


def placeholders(spec: Spec) -> set[str]:
    """Variables used in an action's texts."""
    return {name for value in spec.values() if isinstance(value, str) for name in _PLACEHOLDER.findall(value)}
