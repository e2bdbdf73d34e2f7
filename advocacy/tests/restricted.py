"""A restricted ticket with everything that can be attached to it, a public one, and every URL that leads there. Every
text on the restricted side contains MARKER, preceded by FOUND. Searches use FOUND, so that a page that repeats a query
reveals nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import time
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from advocacy.tests.attacked import answered, asked, conversation
from channels import audience
from channels.models import Batch, Channel, Followed, InboundItem, Lookup, OutboundItem
from channels.secrets.vault import seal
from experts.community import sharing
from experts.models import CommunityShare, DraftVersion, Feedback, Outreach, PossibleAnswer, ThreadReply, Topic
from mentions.models import (
    Application,
    Attachment,
    AudienceLimit,
    Author,
    Code,
    CodeStock,
    Disclosure,
    Draft,
    DueWarning,
    Event,
    HandBack,
    Issue,
    IssueLink,
    Macro,
    Mark,
    Message,
    MessageAlias,
    MessageRevision,
    Note,
    Notice,
    NoticePost,
    Question,
    Reply,
    SwagRule,
    SwagSuggestion,
    ThreadAlias,
    Ticket,
    View,
)
from mentions.tests.factories import ChannelFactory, ConnectionFactory, PersonFactory, TicketFactory, UserFactory
from mentions.views.composing.play import OUTCOMES
from metrics.models import Package, PackageFile, ReportMessage
from team import calendar_feed
from team.models import (
    HandOver,
    HandOverItem,
    Incident,
    IncidentBatch,
    IncidentMention,
    IncidentReply,
    Release,
    ReleaseRule,
    UrgentCall,
    UrgentPerson,
    UrgentPost,
)

FOUND, MARKER = "zebrafish", "quokkaleak"
WORDS = f"{FOUND} {MARKER}"
CIRCLE = ["advocate"]
"""The roles that may see it."""
URL = "https://acme.example/zebrafish"


def build() -> SimpleNamespace:
    """A public and a restricted connection; the same human and the same page on both; one restricted ticket that was
    merged into a public one."""
    owner = UserFactory(role="advocate", username="owner")
    public = ChannelFactory(connection__platform="hackernews", name="Talk", slug="talk", slack_channels=["#mentions"])
    hidden = ChannelFactory(
        connection=ConnectionFactory(platform="email", name="Reports"),
        name="Reports",
        slug="reports",
        visible_to=CIRCLE,
    )
    shown = conversation(public, f"{FOUND} in the open")
    secret = conversation(hidden, WORDS, status="solved")
    joined = conversation(hidden, WORDS)
    taken_in = conversation(public, f"{FOUND} before a merge")
    for about in (secret, joined):
        _hang_on(about, owner)
    w = SimpleNamespace(owner=owner, public=public, hidden=hidden, shown=shown, secret=secret, joined=taken_in)
    _tie_together(w)
    _merge(joined, taken_in)
    w.macro = Macro.objects.create(name="Thanks", actions=[{"do": "reply", "text": "Hi {requester_name}"}])
    w.view = View.objects.create(name="All", slug="all", filters={})
    View.objects.create(name="Done", slug="done", filters={"statuses": ["solved", "closed"]})
    w.held = TicketFactory(channel=hidden)
    rule = ReleaseRule.objects.create(name="Monthly release", words=[FOUND], starts=time(0), ends=time(0))
    today = timezone.now().date()
    w.release = Release.objects.create(rule=rule, month=today.replace(day=1), day=today, name=FOUND)
    package = Package.objects.create(
        month=today.replace(day=1), zone="UTC", asked_at=timezone.now(), channel_ids=[hidden.pk], state="ready",
        summary=[WORDS],
    )  # fmt: skip
    PackageFile.objects.create(package=package, name="summary.txt", content=WORDS.encode())
    ReportMessage.objects.create(package=package, user=owner, way="mail")
    w.lookup = Lookup.objects.create(name=f"{MARKER} lookup", kind="search_page", visible_to=CIRCLE)
    return w


def _hang_on(about: SimpleNamespace, owner: Any) -> None:
    about.ticket.tags.all().delete()  # tags are the team's vocabulary, visible to all of it
    now, ticket, message = timezone.now(), about.ticket, about.message
    Message.objects.filter(pk=message.pk).update(canonical_url=URL, page_url=URL, url=URL, item_id=_item(about).pk)
    Note.objects.create(ticket=ticket, author=owner, text=WORDS, created_at=now)
    Event.objects.create(ticket=ticket, at=now, actor=owner, kind="status", data={"why": WORDS})
    MessageAlias.objects.create(namespace=message.namespace, external_id=f"{MARKER} {uuid4()}", message=message)
    MessageRevision.objects.create(message=message, subject=WORDS, text=WORDS, replaced_at=now)
    ThreadAlias.objects.create(namespace=message.namespace, key=f"{MARKER} {uuid4()}", ticket=ticket)
    Draft.objects.create(ticket=ticket, user=owner, text=WORDS, updated_at=now)
    HandBack.objects.create(ticket=ticket, user=UserFactory(), at=now)
    sent = _left("reply", f"ticket:{ticket.pk}", about.channel.connection)
    reply = answered(about, owner, state="sent", outbound=sent)
    Ticket.objects.filter(pk=ticket.pk).update(first_reply_at=now, first_reply_message=message)
    shared = _left("slack", "slack:#security")
    Event.objects.create(ticket=ticket, at=now, actor=owner, kind="shared", data={"outbound": shared.pk})
    by_macro = _left("slack", "slack:#security")
    Event.objects.create(ticket=ticket, at=now, actor=owner, kind="macro", data={"slack": [by_macro.pk]})
    post = NoticePost.objects.create(slack_channel="#security", created_at=now)
    post.outbound = _left("slack", f"notice:{post.pk}")
    post.save()
    _left("edit", f"notice:{post.pk}")
    Notice.objects.create(message=message, channel=about.channel, slack_channel="#security", due_at=now, post=post)
    warned = _left("slack", "slack:#security")
    DueWarning.objects.create(ticket=ticket, due_at=now, told_at=now, outbound_ids=[warned.pk])
    about.outreach, about.reply = asked(about, owner), reply
    about.outreach.outbound.conversation = f"outreach:{ticket.pk}"
    about.outreach.outbound.save()
    Outreach.objects.filter(pk=about.outreach.pk).update(draft=WORDS, thread_error=WORDS)
    ThreadReply.objects.create(outreach=about.outreach, ts="1.1", name=WORDS, text=WORDS, at=now)
    DraftVersion.objects.create(outreach=about.outreach, number=1, name=WORDS, text=WORDS, at=now)
    PossibleAnswer.objects.create(outreach=about.outreach, message=message, why="team", found_at=now)
    about.share = CommunityShare.objects.create(
        ticket=ticket, shared_by=owner, shared_at=now, slack_channel="#all", guidance=WORDS, taken_name=WORDS
    )
    Question.objects.create(
        ticket=ticket, asked_by=owner, asked_at=now, text=WORDS, answer=WORDS, answered_by=WORDS, error=WORDS,
        slack_channel="#security", outbound=_left("slack", f"question:{ticket.pk}"),
    )  # fmt: skip
    about.call = UrgentCall.objects.create(
        ticket=ticket, asked_by=owner, asked_at=now, why=WORDS, priority_before=20, state="open"
    )
    UrgentPost.objects.create(
        call=about.call, slack_channel="#security", outbound=_left("slack", f"urgent:{ticket.pk}:#security")
    )
    day, _made = HandOver.objects.get_or_create(user=owner, day=now.date(), defaults={"note": WORDS})
    HandOverItem.objects.create(hand_over=day, ticket=ticket, decision="pass", note=WORDS, to=owner, at=now)
    UrgentPerson.objects.create(call=about.call, user=owner, called_at=now, seen_at=now)
    topic, _made = Topic.objects.get_or_create(slug="feedback", defaults={"name": "Feedback"})
    Feedback.objects.create(topic=topic, ticket=ticket, summary=WORDS, routed_at=now, state_at=now, state_by=WORDS)
    _part_of_an_incident(ticket, owner, now)
    Disclosure.objects.create(ticket=ticket, asked_at=now, fix_url=f"https://acme.example/{MARKER}")
    stock, _made = CodeStock.objects.get_or_create(name="swag")
    Code.objects.create(
        stock=stock, ticket=ticket, secret={"code": seal(MARKER)}, fingerprint=str(uuid4()), added_at=now, given_at=now
    )  # fmt: skip
    Application.objects.create(ticket=ticket, program="Education", state_at=now, created_at=now, licence=WORDS)
    _left("webhook", f"program:{ticket.pk}")
    issue = Issue.objects.create(
        connection=about.channel.connection, namespace="email", title=WORDS, state="open", key=uuid4(), created_at=now,
        external_id=f"{MARKER} {uuid4()}", url=f"https://acme.example/{MARKER}", error=WORDS, outbound=_left(
            "issue", f"issue:{ticket.pk}", about.channel.connection
        ),
    )  # fmt: skip
    IssueLink.objects.create(ticket=ticket, issue=issue, by=owner, at=now, came_back_at=now)
    Followed.objects.create(
        connection=about.channel.connection, namespace="email", thread_id=f"{MARKER} {uuid4()}", until=now, next_at=now
    )


def _item(about: SimpleNamespace) -> InboundItem:
    now, batch = timezone.now(), None
    batch = Batch.objects.create(connection=about.channel.connection, started_at=now)
    return InboundItem.objects.create(
        connection=about.channel.connection,
        external_id=f"{MARKER} {uuid4()}",
        payload={"text": WORDS},
        raw=f"Subject: {WORDS}\n\n{WORDS}".encode(),
        digest=b"\0" * 16,
        **({"state": "failed"} if InboundItem.objects.exists() else {"state": "ignored", "ignored_why": "query"}),
        error=WORDS,
        fetched_at=now,
        batch=batch,
    )


def _left(kind: str, conversation: str, connection: Any = None) -> OutboundItem:
    return OutboundItem.objects.create(
        key=uuid4(),
        kind=kind,
        conversation=conversation,
        connection=connection,
        payload={"text": WORDS},
        not_before=timezone.now(),
        state="failed",
        error=WORDS,
    )


def _tie_together(w: SimpleNamespace) -> None:
    """The same person writes in both places, and both mention the same page."""
    w.person = PersonFactory(name="Jane", notes=WORDS)
    for about in (w.shown, w.secret):
        about.author.person = w.person
        about.author.save()
    since = timezone.now()
    Mark.objects.create(
        person=w.person, kind="contributor", because=WORDS, source="hand", since=since.date(), decided_at=since
    )
    rule = SwagRule.objects.create(name="Helped", when="helped")
    SwagSuggestion.objects.create(rule=rule, person=w.person, ticket=w.secret.ticket, made_at=since)
    Message.objects.filter(pk=w.shown.message.pk).update(canonical_url=URL, thread_id=w.secret.message.thread_id)


def _merge(source: SimpleNamespace, target: SimpleNamespace) -> None:
    """Merges as `mentions.triage.merging` does."""
    for model in (Message, ThreadAlias, Note, Reply):
        model.objects.filter(ticket=source.ticket).update(ticket=target.ticket)
    Ticket.objects.filter(pk=source.ticket.pk).update(merged_into=target.ticket, status="closed")


def _part_of_an_incident(ticket: Ticket, owner: Any, now: Any) -> None:
    """For the finished incident: one ticket was notified, another is proposed."""
    incident, _made = Incident.objects.get_or_create(
        name="Outage",
        defaults={"state": "over", "words": [FOUND], "started_at": now, "opened_at": now, "over_at": now},
    )
    key = uuid4()
    values = {"text": "Sorry!", "by": owner, "at": now, "key": key, "kind": "answer"}
    batch = IncidentBatch.objects.filter(incident=incident).first() or IncidentBatch.objects.create(
        incident=incident, **values
    )
    IncidentMention.objects.create(incident=incident, ticket=ticket, by=owner, at=now, why=WORDS)
    IncidentReply.objects.create(
        batch=batch,
        incident=incident,
        kind="answer",
        ticket=ticket,
        recipient=f"x:{ticket.pk}",
        state="left",
        why=WORDS,
    )


# --- addresses --------------------------------------------------------------------------------------------------------

NUMBERS = {
    "tickets/": (Ticket,),
    "authors/": (Author,),
    "messages/": (Message,),
    "attachments/": (Attachment,),
    "outcomes/": (Event,),
    "replies/": (Reply,),
    "post/": (OutboundItem,),
    "channels/imports/": (Batch,),
    "channels/ignored/items/": (InboundItem,),
    "checklist/": (Channel,),
}
"""Start of a route → the models that its `number` refers to; routes not listed get everything restricted."""


def restricted_ids() -> dict[type, list[int | str]]:
    """Model → primary keys of rows that only CIRCLE sees; for kinds attached to every ticket, one is enough."""
    outsider = UserFactory(role="volunteer")
    found = {}
    for model in apps.get_models():
        if audience.has_rule(model):
            hidden = model._default_manager.exclude(pk__in=audience.seen_by(outsider, model).values("pk"))
            found[model] = list(hidden.order_by("pk").values_list("pk", flat=True)[:50])
    return found


def values_of(name: str, route: str, w: SimpleNamespace, ids: dict[type, list[Any]]) -> list[Any]:
    """Values for one parameter of a route. Raises LookupError for an unknown one."""
    tickets = [w.secret.ticket.pk, w.joined.ticket.pk]
    fixed: dict[str, Callable[[], list[Any]]] = {
        "number": lambda: _numbers(route, ids),
        "ticket_id": lambda: tickets,
        "stock_id": lambda: list(CodeStock.objects.values_list("pk", flat=True)),
        "code_id": lambda: _of("code", ids),
        "feedback_id": lambda: _of("feedback", ids),
        "suggestion_id": lambda: _of("swagsuggestion", ids),
        "link_id": lambda: _of("issuelink", ids),
        "volunteer_id": lambda: [1],
        "exercise": lambda: ["question"],
        "invitation": lambda: ["nonsense"],
        "item_id": lambda: _of("handoveritem", ids),
        "mention_id": lambda: _of("incidentmention", ids),
        "batch_id": lambda: list(IncidentBatch.objects.values_list("pk", flat=True)),
        "kind": lambda: ["answer", "over"],
        "package_id": lambda: _of("package", ids),
        "call_id": lambda: _of("urgentcall", ids),
        "outreach_id": lambda: _of("outreach", ids),
        "possible_id": lambda: _of("possibleanswer", ids),
        "expert_id": lambda: [w.secret.outreach.expert_id],
        "page_id": lambda: [1],
        "signed": lambda: [
            w.secret.outreach.path.strip("/").removeprefix("respond/"),
            sharing.take_url(w.secret.share.key).strip("/").rpartition("/")[2],
        ],
        "view": lambda: ["all", "done"],
        "outcome": lambda: list(OUTCOMES),
        "what": lambda: ["query", "tell", "assign", "unlink"] if "link_id" in route else ["query"],
        "lookup": lambda: [w.lookup.pk],
        "slug": lambda: [w.hidden.slug, "median-by-channel"],
        "name": lambda: ["first-reply", "activity"],
        "version": lambda: ["1"],
        "hook_id": lambda: [w.hidden.connection.hook_id],
        "key": lambda: ["abc-def"],
        "address": lambda: [calendar_feed.address_of(w.owner)],
        "uidb36": lambda: ["1"],
        "provider_id": lambda: ["nobody"],
        "button": lambda: ["replay", "retry", "cancel", "mark-sent"],
        "pk": lambda: _admin_ids(route, ids) or [w.hidden.connection.pk],
        "object_id": lambda: _admin_ids(route, ids) or [1],
        "content_type_id": lambda: [1],
        "id": lambda: [w.owner.pk],
        "url": lambda: ["nothing/"],
    }
    if name not in fixed:
        raise LookupError(
            f"{route}: the walk does not know the parameter {name!r}. Add it to `values_of` in "
            "advocacy/tests/restricted.py, with values that lead to something restricted."
        )
    return fixed[name]()


def _numbers(route: str, ids: dict[type, list[Any]]) -> list[Any]:
    begin = route.partition("<")[0]
    if begin == "releases/":
        return list(Release.objects.values_list("pk", flat=True))
    if begin == "incidents/":
        return list(Incident.objects.values_list("pk", flat=True))
    models = NUMBERS.get(begin, ids)
    return sorted({pk for model in models for pk in ids[model][: 3 if model is Ticket else 2] if isinstance(pk, int)})


def _of(name: str, ids: dict[type, list[Any]]) -> list[Any]:
    return next(pks for model, pks in ids.items() if model._meta.model_name == name)  # type: ignore[attr-defined]


def _admin_ids(route: str, ids: dict[type, list[Any]]) -> list[Any]:
    parts = route.split("/")
    if parts[0] != "admin" or len(parts) < 3:
        return []
    model = apps.get_model(parts[1], parts[2]) if (parts[1] in apps.app_configs) else None
    return ids.get(model, [])[:2] if model else []


def routes(resolver: URLResolver | None = None, begin: str = "") -> Iterator[str]:
    """Every address pattern of the project, as one text: `tickets/<int:number>/`, `^(?P<verb>poll)/$` within it."""
    for entry in (resolver or get_resolver()).url_patterns:
        whole = begin + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield whole
        else:
            yield from routes(entry, whole)


_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>([^)]*)\)")
_ALTERNATIVES = re.compile(r"\w+(?:\|\w+)+")


def addresses(route: str, w: SimpleNamespace, ids: dict[type, list[Any]]) -> list[str]:
    """The route with every combination of its parameters' values."""
    made = [""]
    end = 0
    for match in _PARAMETER.finditer(route):
        named = _ALTERNATIVES.fullmatch(match[3] or "")
        values = named[0].split("|") if named else values_of(match[1] or match[2], route, w, ids)
        made = [m + _plain(route[end : match.start()]) + str(value) for m in made for value in values]
        end = match.end()
    return ["/" + m + _plain(route[end:]) for m in made]


def _plain(piece: str) -> str:
    return piece.replace("^", "").replace("$", "").replace("\\Z", "").replace("\\", "")


def questions(address: str, w: SimpleNamespace, user: Any) -> list[tuple[dict[str, Any], dict[str, str]]]:
    """(query, headers) for requesting a URL. The admin's pages of single rows take no query, and anonymous users are
    redirected before any is read."""
    if not user.is_authenticated or (address.startswith("/admin/") and address.count("/") > 4):
        return [({}, {})]
    asks = {
        "q": FOUND,
        "into": w.secret.ticket.pk,
        "channel": w.hidden.slug,
        "connection": w.hidden.connection_id,
        "figure": "answered",
        "period": "90d",
        "expert": w.secret.outreach.expert_id,
        "macro": w.macro.pk,
        "seen": 0,
        "pictures": 1,
        "inline": 1,
    }
    return [({}, {}), (asks, {"HX-Request": "true", "X-Fragment": "1"})]


def everything(w: SimpleNamespace) -> dict[str, Any]:
    """The fields of all forms together, each with a restricted value."""
    ticket, message = w.secret.ticket.pk, w.secret.message.pk
    return {
        "ticket": [ticket, w.joined.ticket.pk],
        "message": message,
        "into": ticket,
        "channel": w.hidden.pk,
        "macro": w.macro.pk,
        "expert": w.secret.outreach.expert_id,
        "key": str(uuid4()),
        "guard": 10**9,
        "text": "x",
        "note": "x",
        "words": "x",
        "draft": "x",
        "base": 1,
        "approve": "yes",
        "add": "x",
        "tags": "x",
        "reason": "spam",
        "priority": 40,
        "waiting_on": "expert",
        "do": "priority",
        "state": "declined",
        "url": URL,
        "slack_channel": "#x",
        "hours": 1,
        "action": ["replay_chosen", "retry_chosen", "delete_selected"],
        "_selected_action": _selected(),
        "query": FOUND,
        "toggle": 1,
        "kind": "press",
        "account": f"hackernews={w.shown.author.external_id}",
        "status_after": "solved",
    }


def _selected() -> list[int]:
    return [*OutboundItem.objects.values_list("pk", flat=True), *InboundItem.objects.values_list("pk", flat=True)]


def state_of_it(ids: dict[type, list[Any]]) -> dict[str, list[tuple[Any, ...]]]:
    """Every column of all restricted rows, and the number of rows attached to the tickets."""
    rows = {model.__name__: _rows(model, pks) for model, pks in ids.items()}
    tickets = ids[Ticket]
    for model in (Note, Event, Reply, Draft, HandBack, AudienceLimit):
        rows[f"{model.__name__} of them"] = sorted(model.objects.filter(ticket__in=tickets).values_list("pk"))
    return rows


def _rows(model: Any, pks: list[Any]) -> list[tuple[Any, ...]]:
    names = [field.attname for field in model._meta.concrete_fields]
    found = model._default_manager.filter(pk__in=pks).order_by("pk").values_list(*names)
    return [tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in found]
