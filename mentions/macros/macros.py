"""Macros: named sets of ticket actions, applied all or nothing in one transaction, as one Event, after a preview.

The text of a *reply* action goes into the composer: nothing leaves the desk unread. The macro's status then waits for
the reply (`Applied.status_after`); with a reply that is sent along (`Sending`) both happen together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from channels.contract import Purpose
from channels.links.web_addresses import is_web_address
from channels.lookups.configs import page_for
from mentions.incidents import incidents
from mentions.macros.actions import BUILT_IN, VARIABLES, Action, ActionError, Context, Spec, placeholders
from mentions.models import Event, EventKind, Macro, Message, Reply, Ticket
from mentions.replies import drafts, replies
from mentions.tickets.transitions import lock_open, move
from mentions.triage import priorities

_actions: dict[str, Action] = {action.name: action for action in BUILT_IN}


class MacroRefused(Exception):
    """Nothing was changed. `missing` names the fields to fill in first."""

    def __init__(self, reason: str, missing: list[str] | None = None) -> None:
        super().__init__(reason)
        self.missing = missing or []


@dataclass(frozen=True)
class Preview:
    """A preview of a macro: what would happen, in words; the rendered reply; the fields to ask for first."""

    steps: list[str]
    reply_text: str
    status_after: str
    fields: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Sending:
    """A reply to send together with the macro: the composer's key, text, handle and guard."""

    key: UUID | str
    text: str
    channel_id: int
    guard_message_id: int


@dataclass(frozen=True)
class Applied:
    """If the reply was not sent, `reply_text` is in the composer (also saved as draft), with `status_after` as its
    status."""

    event: Event
    reply_text: str = ""
    status_after: str = ""
    reply: Reply | None = None


def register_action(name: str, action: Action) -> None:
    """For upper floors, at app start. Raises ValueError if another action has the name."""
    if _actions.get(name, action) is not action:
        raise ValueError(f"There is an action {name!r} already.")
    _actions[name] = action


def action_names() -> list[str]:
    return sorted(_actions)


def check(actions: Any) -> list[str]:
    """Errors in a macro's actions, one sentence each; [] if it can be saved."""
    if not isinstance(actions, list):
        return [_('Actions must be a list: [{"do": "status", "status": "solved"}].')]
    problems = [] if actions else [_("A macro needs at least one action.")]
    known = set(VARIABLES) | _field_names(actions) | _given(actions)
    for number, spec in enumerate(actions, start=1):
        if problem := _problem(spec, known):
            problems.append(_("Action %(number)s: %(problem)s") % {"number": number, "problem": problem})
    names = [spec.get("do") for spec in actions if isinstance(spec, dict)]
    opening = [name for name in names if isinstance(name, str) and name in _actions and _actions[name].opens]
    if opening and len(names) > 1:
        problems.append(_("“%(name)s” opens a page of its own, so it must be the only action.") % {"name": opening[0]})
    if "reply" in names and "park" in names:
        problems.append(
            _("A macro that writes a reply cannot park the ticket: you leave the ticket when the reply is sent.")
        )
    if "reply" in names and "no_reply" in names:
        problems.append(_("A macro that writes a reply cannot also say that no reply is needed."))
    return problems


def _problem(spec: Any, known: set[str]) -> str:
    if not isinstance(spec, dict) or not isinstance(spec.get("do"), str):
        return _("“do” is missing. It must be one of %(known)s.") % {"known": ", ".join(action_names())}
    action = _actions.get(spec["do"])
    if action is None:
        return _("unknown action “%(name)s”. It must be one of %(known)s.") % {
            "name": spec["do"],
            "known": ", ".join(action_names()),
        }
    try:
        action.check(spec)
    except ActionError as error:
        return f"“{spec['do']}” {error}"
    if unknown := placeholders(spec) - known:
        return _("unknown variable %(name)s. It must be one of %(known)s.") % {
            "name": ", ".join(f"{{{name}}}" for name in sorted(unknown)),
            "known": ", ".join(f"{{{name}}}" for name in sorted(known)),
        }
    return ""


def _field_names(actions: list[Any]) -> set[str]:
    asked = (spec for spec in actions if isinstance(spec, dict) and spec.get("do") == "request_fields")
    lists = (spec.get("fields") for spec in asked)
    return {str(each.get("name")) for each in _dicts(lists)}


def _given(actions: list[Any]) -> set[str]:
    """Variables that actions fill in."""
    specs = [spec for spec in actions if isinstance(spec, dict) and isinstance(spec.get("do"), str)]
    return {name for spec in specs if spec["do"] in _actions for name in _actions[spec["do"]].gives(spec)}


def _dicts(lists: Any) -> Iterator[dict[str, Any]]:
    for entries in lists:
        yield from (entry for entry in (entries if isinstance(entries, list) else []) if isinstance(entry, dict))


def preview(
    macro: Macro, ticket: Ticket, actor: Any, now: datetime, values: Mapping[str, str] | None = None
) -> Preview:
    """What `apply` would do now; changes nothing. Raises MacroRefused if the macro can't be applied."""
    context = _context(macro, ticket, actor, now, uuid4(), values or {})
    steps = [action.describe(spec, context) for action, spec in _steps(macro)]
    texts = [context.render(spec["text"]) for _action, spec in _steps(macro) if spec["do"] == "reply"]
    statuses = [spec["status"] for _action, spec in _steps(macro) if spec["do"] == "status"]
    return Preview(steps, "\n\n".join(texts), statuses[-1] if statuses else "", fields_of(macro))


def fields_of(macro: Macro) -> list[dict[str, Any]]:
    """Fields to ask for first: those that no lookup fills."""
    return [field_ for field_ in _declared(macro) if not _page_of(field_)]


def _declared(macro: Macro) -> list[dict[str, Any]]:
    return [field_ for action, spec in _steps(macro) for field_ in action.fields(spec)]


def _page_of(field_: Mapping[str, Any]) -> str:
    """The lookup's page that fills the field; "" if somebody has to."""
    return page_for(Purpose(field_["from"])) if field_.get("from") else ""


def page_of(macro: Macro) -> str:
    """URL name of the page that carries the macro out; "" if it is applied at once. Raises MacroRefused."""
    return next((action.opens for action, _spec in _steps(macro) if action.opens), "")


@transaction.atomic
def apply(
    macro: Macro,
    ticket_id: int,
    actor: Any,
    token: UUID | str | None,
    *,
    values: Mapping[str, str] | None = None,
    sending: Sending | None = None,
    key: UUID | None = None,
    now: datetime,
) -> Applied:
    """Apply the macro, all or nothing. `values` answer `fields_of`; `key` makes repeated requests share to Slack once.
    Raises MacroRefused, and whatever claims, outcomes and replies raise."""
    ticket = lock_open(ticket_id, actor, token, now)
    context = _context(macro, ticket, actor, now, key or uuid4(), values or {})
    _require_fields(macro, context)
    for action, spec in _steps(macro):
        action.run(spec, context)
    text = "\n\n".join(context.reply_texts)
    status = context.changes.get("status", "")
    if text:
        # Without its reply a solved ticket would look answered: the status is set with the reply.
        context.changes.pop("status", None)
    event = _record(macro, context)
    if not text:
        return Applied(event)
    if sending is None:
        drafts.give_back(ticket.pk, actor, text, now, status_after=status)
        return Applied(event, text, status)
    reply = replies.submit(
        ticket.pk,
        actor,
        token,
        key=sending.key,
        text=sending.text,
        channel_id=sending.channel_id,
        guard_message_id=sending.guard_message_id,
        status_after=status,
        now=now,
    )
    return Applied(event, sending.text, status, reply)


def _record(macro: Macro, context: Context) -> Event:
    """Record the ticket's one change and its one Event. The claim ends if the ticket leaves the queue."""
    changes = context.changes
    if "priority" in changes:
        priorities.change(context.ticket, changes.pop("priority"))
    leaves = changes.get("status", "open") != "open" or bool(changes.get("waiting_on"))
    data = {"macro": macro.pk, "name": macro.name, **context.data}
    return move(
        context.ticket, context.actor, context.now, EventKind.MACRO, data=data, keeps_claim=not leaves, **changes
    )


def _steps(macro: Macro) -> list[tuple[Action, Spec]]:
    if problems := check(macro.actions):
        raise MacroRefused(_("The macro “%(name)s” cannot be applied. %(why)s") % {"name": macro, "why": problems[0]})
    return [(_actions[spec["do"]], spec) for spec in macro.actions]


def _require_fields(macro: Macro, context: Context) -> None:
    wanted = fields_of(macro)
    missing = [each["name"] for each in wanted if each["required"] and not context.variables.get(each["name"])]
    if missing:
        labels = ", ".join(str(each["label"]) for each in wanted if each["name"] in missing)
        raise MacroRefused(_("Fill in first: %(labels)s.") % {"labels": labels}, missing)
    for each in wanted:
        value = context.variables.get(each["name"], "")
        if each["kind"] == "url" and value and not is_web_address(value):
            raise MacroRefused(
                _("%(label)s: a link must start with https://.") % {"label": each["label"]}, [each["name"]]
            )
        context.variables.setdefault(each["name"], "")  # left out: its placeholders are empty


def _context(macro: Macro, ticket: Ticket, actor: Any, now: datetime, key: UUID, values: Mapping[str, str]) -> Context:
    asked = {each["name"] for each in fields_of(macro)}
    said = {name: str(value).replace("\0", "").strip()[:2000] for name, value in values.items() if name in asked}
    given = {name: value for name, value in said.items() if value}
    found = {each["name"]: _page_of(each) for each in _declared(macro) if each["name"] not in asked}
    return Context(ticket, actor, now, key, {**variables(ticket, actor, now), **found, **given})


def variables(ticket: Ticket, actor: Any, now: datetime, status_page: str | None = None) -> dict[str, str]:
    """Values of VARIABLES, "" for what is unknown. `status_page`: its address, if known already."""
    requester = ticket.requester
    inbound = Message.objects.filter(ticket=ticket, direction="in").order_by("-posted_at", "-id")
    said = inbound.exclude(url="").values_list("url", "posted_at").first() or ("", ticket.posted_at)
    return {
        "requester_name": requester.name or requester.handle or _("there"),
        "handle": requester.handle,
        "ticket_url": settings.BASE_URL + reverse("mentions:ticket", args=[ticket.pk]),
        "company": settings.COMPANY_NAME,
        "link": said[0],
        "time": said[1].strftime("%Y-%m-%d %H:%M UTC"),
        "channel": ticket.channel.name,
        "me": actor.get_full_name() or actor.get_username(),
        "status_page_url": incidents.status_page_url(now) if status_page is None else status_page,
    }
