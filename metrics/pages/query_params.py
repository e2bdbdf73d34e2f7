"""Parses a report's query string. Invalid values are reported and replaced with the default."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from channels.models import Channel
from experts.directory import tree
from experts.models import Topic
from mentions.people.access import visible_channel_ids
from metrics.definitions import Filters
from metrics.periods import BEFORE, DEFAULT, BadPeriod, Period, asked, before, compared, named
from metrics.reply_clock import ReplyClock


@dataclass
class Asked:
    """A request's filters, the channels to choose from, and problems with its query string."""

    filters: Filters
    channels: list[Channel]
    problems: list[str] = field(default_factory=list)
    query: QueryDict = field(default_factory=QueryDict)
    teams: list[tuple[str, str]] = field(default_factory=list)
    """Topics to choose from: (slug, name)."""
    team: str = ""
    """The chosen one's slug."""
    compare: str = BEFORE
    """How the period to compare with was chosen."""


def read(request: HttpRequest, now: datetime) -> Asked:
    """Parse `period`/`from`/`to`, `channel` (slugs, repeatable), `priority=high`, `internal=1`, `clock=ingested`,
    `hours=coverage`, `tag=NAME`, `language=CODE`, `team=SLUG` (a topic and all below it), `noise=1` (with
    automatic messages, our own posts and spam), `compare=before|year` or `vs_from` and `vs_to`."""
    channels = list(
        Channel.objects.filter(pk__in=visible_channel_ids(request.user)).select_related("connection").order_by("name")
    )
    problems: list[str] = []
    tz = timezone.get_current_timezone()
    today = now.astimezone(tz).date()
    try:
        period = asked(request.GET, today, tz)
    except BadPeriod as error:
        problems.append(f"{error} " + _("Showing the last 30 days instead."))
        period = named(DEFAULT, today, tz)
    against = _against(request, period, today, problems)
    wanted = set(request.GET.getlist("channel")) - {""}
    chosen = [channel for channel in channels if channel.slug in wanted]
    if len(chosen) < len(wanted):
        problems.append(_("One of the channels does not exist and was ignored."))
    high_only, with_internal = request.GET.get("priority") == "high", bool(request.GET.get("internal"))
    clock = ReplyClock(request.GET.get("clock") == "ingested", request.GET.get("hours") == "coverage")
    tag = request.GET.get("tag", "").replace("\0", "")[:60]
    language = request.GET.get("language", "").replace("\0", "").strip()[:12]
    teams = tree.in_order(Topic.objects.all())
    team = request.GET.get("team", "")
    below = _below(team, teams)
    if team and not below:
        problems.append(_("This team does not exist and was ignored."))
    channel_ids = [channel.pk for channel in chosen]
    filters = Filters(
        *(period, channel_ids, high_only, with_internal, clock, tag, language, tuple(below)),
        with_noise=bool(request.GET.get("noise")),
        against=against,
    )
    return Asked(filters, channels, problems, request.GET, _choices(teams), team if below else "", against.name)


def _against(request: HttpRequest, period: Period, today: date, problems: list[str]) -> Period:
    try:
        return compared(request.GET, period, today)
    except BadPeriod as error:
        problems.append(f"{error} " + _("Compared with the period before instead."))
        return before(period)


def _choices(teams: list[tree.Branch]) -> list[tuple[str, str]]:
    """(slug, name), indented as a tree: a select keeps no other space."""
    return [(branch.topic.slug, "\u2003" * branch.depth + branch.topic.name) for branch in teams]


def _below(slug: str, teams: list[tree.Branch]) -> list[int]:
    """The topic and all below it. `teams` is in the order of the tree."""
    found: list[int] = []
    depth = -1
    for branch in teams:
        if depth >= 0 and branch.depth <= depth:
            break
        if found or branch.topic.slug == slug:
            depth = depth if found else branch.depth
            found.append(branch.topic.pk)
    return found
