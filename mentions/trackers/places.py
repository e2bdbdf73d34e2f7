"""The connected trackers: where an issue can be opened, and which tracker an address belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from channels.contract import Capability
from channels.models import Connection
from channels.registry.configs import ConnectionSource, source_for
from channels.registry.fields import InvalidSettings
from channels.registry.finding_adapters import UnknownPlatform
from mentions.models import Account


@dataclass(frozen=True, slots=True)
class Project:
    """A place where issues are opened. `value` is what forms send."""

    connection: Connection
    name: str

    @property
    def value(self) -> str:
        return f"{self.connection.pk} {self.name}"


def sources() -> Iterator[tuple[Connection, ConnectionSource]]:
    """Active connections whose platform has issues."""
    for connection in Connection.objects.filter(is_active=True).order_by("name", "pk"):
        try:
            source = source_for(connection)
        except (InvalidSettings, UnknownPlatform):
            continue
        if source.adapter.can(Capability.ISSUES):
            yield connection, source


def projects() -> list[Project]:
    """All projects, in the order of the connections and their settings."""
    return [
        Project(connection, name)
        for connection, source in sources()
        for name in source.adapter.issue_projects(source.config, _addresses(connection))
    ]


def _addresses(connection: Connection) -> list[str]:
    return list(connection.channels.order_by("rank", "pk").values_list("address", flat=True))


def project_of(value: str) -> Project | None:
    """The project that a form sent, if it is offered."""
    return next((project for project in projects() if project.value == value), None)


def find(url: str) -> tuple[Connection, str, str] | None:
    """(connection, reference, namespace) of an issue's address; None if no connected tracker knows it."""
    for connection, source in sources():
        if reference := source.adapter.issue_reference(url, source.config):
            return connection, reference, source.adapter.namespace(source.config)
    return None


def names_there(namespace: str) -> list[tuple[str, str]]:
    """[(account, person)] of the team's accounts on a tracker, for choosing assignees."""
    known = Account.objects.filter(namespace=namespace, person__is_us=True, person__user__isnull=False)
    colleagues = Account.objects.filter(namespace=namespace, person__is_us=True, person__user__isnull=True)
    rows = [*known.select_related("person").order_by("handle"), *colleagues.select_related("person").order_by("handle")]
    return [(account.handle, account.person.name) for account in rows]


def own_name(namespace: str, user_id: int | None) -> str:
    """This person's account on a tracker, "" if nobody has entered it."""
    mine = Account.objects.filter(namespace=namespace, person__user=user_id).values_list("handle", flat=True)
    return mine.order_by("pk").first() or ""
