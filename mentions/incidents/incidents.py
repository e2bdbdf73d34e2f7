"""The current state of our status page: open incidents with their last update, and the last posts of the status handle.
Read from the messages of the status page's connection; nothing here uses the network.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from channels.models import Channel, Connection
from mentions.handle_rules import availability
from mentions.models import Message

PLATFORM = "statuspage"
OVER = ("resolved", "completed", "postmortem", "scheduled")
"""States in which nothing is wrong (any more, or yet)."""
REACH = timedelta(days=14)
"""An incident without an update for this long counts as forgotten."""
MAX_SHOWN = 3
POSTS = 3
POSTS_REACH = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class StatusPost:
    """`at`: ISO time."""

    handle: str
    text: str
    url: str
    at: str

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.at)


@dataclass(frozen=True, slots=True)
class Incident:
    """`state` as the status page names it; `said`: its last update; `at`: that update's ISO time. `source` is that of
    `Latest`."""

    title: str
    state: str
    said: str
    url: str
    at: str
    posts: list[StatusPost] = field(default_factory=list)
    source: str = ""

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.at)

    @property
    def state_words(self) -> str:
        return _STATES.get(self.state, lambda: self.state.replace("_", " "))()


_STATES = {
    "investigating": lambda: _("investigating"),
    "identified": lambda: _("cause identified"),
    "monitoring": lambda: _("fix in place, monitoring"),
    "in_progress": lambda: _("maintenance in progress"),
    "verifying": lambda: _("maintenance: verifying"),
}


@dataclass(frozen=True, slots=True)
class Latest:
    """The last update of an incident on our status page. `source` identifies it; maintenances have none."""

    source: str
    title: str
    is_over: bool
    url: str
    began_at: datetime
    at: datetime
    components: tuple[str, ...]


def latest(since: datetime) -> list[Latest]:
    """Incidents of our status pages with an update since then, including finished ones; oldest first. No
    maintenances."""
    own = [c.pk for c in Connection.objects.filter(platform=PLATFORM, is_active=True) if _is_ours(c)]
    updates = Message.objects.filter(channel__connection__in=own, is_deleted=False).defer("search", "html")
    news = updates.filter(posted_at__gt=since).order_by("thread_id", "-posted_at", "-id").distinct("thread_id")
    found = [m for m in news if not (m.extra or {}).get("scheduled_for")] if own else []
    begun = updates.filter(thread_id__in=[m.thread_id for m in found]).order_by("-posted_at")
    firsts = {(row[0], row[1]): row[2] for row in begun.values_list("namespace", "thread_id", "posted_at")}
    return sorted((_latest(m, firsts.get((m.namespace, m.thread_id))) for m in found), key=lambda each: each.at)


def _latest(message: Message, began_at: datetime | None) -> Latest:
    components = (message.extra or {}).get("components")
    names = tuple(str(name) for name in components) if isinstance(components, list) else ()
    is_over = _state(message) in OVER
    return Latest(
        _source(message), message.subject, is_over, message.url, began_at or message.posted_at, message.posted_at, names
    )


def open_incidents(now: datetime) -> list[Incident]:
    """Newest update first; two statements, or one if we have no status page."""
    own = [c.pk for c in Connection.objects.filter(platform=PLATFORM, is_active=True) if _is_ours(c)]
    if not own:
        return []
    updates = Message.objects.filter(channel__connection__in=own, posted_at__gt=now - REACH, is_deleted=False)
    latest = updates.order_by("thread_id", "-posted_at", "-id").distinct("thread_id").defer("search", "html")
    found = sorted((m for m in latest if _state(m) not in OVER), key=lambda m: m.posted_at, reverse=True)[:MAX_SHOWN]
    posts = _posts(now) if found else []
    return [
        Incident(m.subject, _state(m), m.text[:300], m.url, m.posted_at.isoformat(), posts, _source(m)) for m in found
    ]


def _source(message: Message) -> str:
    return f"{message.namespace} {message.thread_id}"


def _is_ours(connection: Connection) -> bool:
    return connection.settings.get("is_ours", True) is not False


def _state(message: Message) -> str:
    return str((message.extra or {}).get("status") or "investigating")


def _posts(now: datetime) -> list[StatusPost]:
    """The last updates of the handles that only post about availability."""
    handles = [
        c.address.strip().lstrip("@").lower()
        for c in Channel.objects.filter(settings__availability_only=True, is_active=True)
        if availability.is_restricted(c) and c.address
    ]
    if not handles:
        return []
    ours = Message.objects.filter(direction=Message.Direction.TEAM, ticket=None, is_deleted=False)
    lately = ours.filter(posted_at__gt=now - POSTS_REACH, parent_external_id="").select_related("author")
    said = [m for m in lately.order_by("-posted_at")[:100] if m.author.handle.lower() in handles]
    return [StatusPost(f"@{m.author.handle}", m.text[:300], m.url, m.posted_at.isoformat()) for m in said[:POSTS]]


def to_json(incidents: list[Incident]) -> list[dict[str, Any]]:
    return [asdict(incident) for incident in incidents]


def from_json(noted: Any) -> list[Incident]:
    """As `to_json` wrote it; [] for anything else."""
    entries = noted if isinstance(noted, list) else []
    return [Incident(**{**entry, "posts": [StatusPost(**post) for post in entry["posts"]]}) for entry in entries]


def status_page_url(now: datetime) -> str:
    """The page of the newest open incident, else our status page; "" if there is none."""
    if found := open_incidents(now):
        return found[0].url
    pages = Connection.objects.filter(platform=PLATFORM).order_by("-is_active", "pk")
    own = next((connection for connection in pages if _is_ours(connection)), None)
    return str(own.settings.get("api_base") or "") if own is not None else ""
