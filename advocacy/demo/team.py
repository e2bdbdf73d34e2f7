"""Acme's people: logins, persons with their platform accounts, experts with their topics."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models.functions import Lower

from advocacy.demo.logins import LOGINS, Login
from channels.models import Connection, PersonalAccount
from channels.outbox import personal
from channels.registry.configs import config_for
from channels.registry.finding_adapters import adapter_for
from experts.models import Expert, TeamPage, Topic
from mentions.models import Account, Person
from mentions.people import linked_accounts as own_accounts
from mentions.people import roles
from sandbox import world

TWITTER, HACKER_NEWS, MAIL = "twitter", "hackernews", "email"


@transaction.atomic
def load(passwords: dict[str, str]) -> None:
    """Create missing people. Existing ones keep changes made at the desk; only a lost password is reset."""
    roles.ensure()
    users = {login.username: _user(login, passwords[login.username]) for login in LOGINS}
    for member in world.TEAM:
        user = next((users[login.username] for login in LOGINS if login.member == member.key), None)
        person = _person(member, user)
        if not member.is_advocate:
            _expert(member, person)
    _brand()


@transaction.atomic
def connect(access: Mapping[str, Mapping[str, Any]]) -> None:
    """Register the team's accounts on connected platforms, so their answers there count as ours, and the advocates'
    personal accounts."""
    for connection in Connection.objects.filter(platform__in=list(access)).prefetch_related("channels"):
        platform_access = access[connection.platform]
        namespace = adapter_for(connection.platform).namespace(config_for(connection))
        for member in world.TEAM:
            person = _owner(_accounts(member))
            if person is not None and namespace not in (TWITTER, HACKER_NEWS, MAIL):
                _account(person, namespace, platform_access["accounts"].get(member.key))


def page(sandbox_url: str) -> None:
    """The company's own list of its people; an address that somebody has changed stays."""
    TeamPage.objects.get_or_create(name="Team page", defaults={"url": f"{sandbox_url.rstrip('/')}/company/team.yml"})


def speak_for_themselves(access: Mapping[str, Mapping[str, Any]], now: datetime) -> None:
    """Enter the advocates' personal accounts and have the platforms verify them; existing entries are kept."""
    for login in LOGINS:
        user = User.objects.get(username=login.username)
        for connection in personal.connections():
            given = access.get(connection.platform, {}).get("personal", {}).get(login.member or "")
            if given and not PersonalAccount.objects.filter(user=user, connection=connection).exists():
                account = personal.save(user.pk, connection, adapter_for(connection.platform), given)
                own_accounts.check(account.pk, now)


def _accounts(member: world.Member) -> dict[str, str | None]:
    return {TWITTER: member.twitter, HACKER_NEWS: member.hackernews, MAIL: member.email}


def _user(login: Login, password: str) -> User:
    first, _, last = login.name.partition(" ")
    user, is_new = User.objects.get_or_create(
        username=login.username,
        defaults={
            "first_name": first,
            "last_name": last,
            "email": world.address(login.username),
            "is_staff": login.is_staff,
        },
    )
    if is_new:
        user.groups.add(Group.objects.get(name=login.role))
    if is_new or not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    return user


def _person(member: world.Member, user: User | None) -> Person:
    accounts = _accounts(member)
    person = _owner(accounts) or Person.objects.create(name=member.name, is_us=True, user=user)
    for namespace, handle in accounts.items():
        _account(person, namespace, handle)
    return person


def _owner(accounts: dict[str, str | None]) -> Person | None:
    for namespace, handle in accounts.items():
        if handle and (found := _find(namespace, handle)):
            return found.person
    return None


def _find(namespace: str, handle: str) -> Account | None:
    accounts = Account.objects.select_related("person").annotate(lower=Lower("handle"))
    return accounts.filter(namespace=namespace, lower=handle.lower()).first()


def _account(person: Person, namespace: str, handle: str | None) -> None:
    if handle and not _find(namespace, handle):
        Account.objects.create(person=person, namespace=namespace, handle=handle)


def _brand() -> None:
    """Register our own handles and aliases as ours."""
    brand, _ = Person.objects.get_or_create(name=world.COMPANY, is_us=True, user=None)
    for handle in world.HANDLES:
        _account(brand, TWITTER, handle)
    for alias in world.ALIASES:
        if not _find(MAIL, world.address(alias)):  # sam's inbox is Sam's
            _account(brand, MAIL, world.address(alias))


def _expert(member: world.Member, person: Person) -> None:
    expert, is_new = Expert.objects.get_or_create(
        person=person,
        defaults={
            "title": member.role,
            "slack_id": member.slack_id,
            "slack_handle": member.key,
            "timezone": member.time_zone,
            "prefers_drafts": member.prefers_drafts,
        },
    )
    if is_new:
        group = _group(member.slack_channel)
        expert.topics.set([_topic(name, group) for name in member.topics])


def _group(slack_channel: str) -> Topic:
    """The stage or team of a Slack channel: #s_verify is the stage Verify."""
    is_stage = slack_channel.startswith("s_")
    name = slack_channel.removeprefix("s_").replace("-", " ").replace("_", " ").capitalize()
    kind = Topic.Kind.STAGE if is_stage else Topic.Kind.TEAM
    defaults = {"name": name, "kind": kind, "slack_channel": f"#{slack_channel}"}
    if group_id := world.SLACK_GROUPS.get(slack_channel):
        defaults |= {"slack_mention": f"@{slack_channel}", "slack_group_id": group_id}
    return Topic.objects.get_or_create(slug=slack_channel.replace("_", "-"), defaults=defaults)[0]


def _topic(name: str, group: Topic) -> Topic:
    """A topic of the group, or the group itself if it has the same name, so no name is listed twice."""
    if group.name.casefold() == name.casefold():
        if name not in group.keywords:
            group.keywords = [*group.keywords, name]
            group.save(update_fields=["keywords"])
        return group
    defaults = {
        "name": name.upper() if len(name) == 2 else name.capitalize(),
        "kind": Topic.Kind.CATEGORY,
        "parent": group,
        "slack_channel": group.slack_channel,
        "keywords": [name],
    }
    return Topic.objects.get_or_create(slug=f"topic-{name}", defaults=defaults)[0]
