"""Who may see which mentions: audience rules per model, applied in the queryset by every page, list, count and export.

A channel with `visible_to` (role names) is visible to those roles and to superusers. Each floor registers the rules for
its own models; if a model has several, all must hold. `advocacy/tests/test_audience_rules.py` fails for a model that
leads to a ticket or a message but has no rule, and for a page or admin that doesn't apply the rules.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import RawSQL

from channels.models import Batch, Channel, Followed, InboundItem, Lookup, OutboundItem

Viewer = User | AnonymousUser
Rule = Callable[[Viewer], Q]
M = TypeVar("M", bound=Model)

HIDDEN_CHANNELS = """ARRAY(
        SELECT hidden.id FROM channels_channel hidden
        WHERE hidden.visible_to <> '{}'
          AND NOT EXISTS (SELECT 1 FROM auth_user u WHERE u.id = %(me)s AND u.is_superuser)
          AND NOT EXISTS (
            SELECT 1 FROM auth_user_groups ug JOIN auth_group g ON g.id = ug.group_id
            WHERE ug.user_id = %(me)s AND g.name = ANY(hidden.visible_to)))"""
"""SQL: ids of the channels that `%(me)s` (user id) may not see. An array, computed once per statement: the planner sees
a constant and keeps walking the queue's index in order."""

_rules: dict[type[Model], list[Rule]] = {}


def rule_for(*models: type[Model]) -> Callable[[Rule], Rule]:
    """Registers the decorated function as a rule for these models; it returns the condition for one viewer."""

    def register(rule: Rule) -> Rule:
        for model in models:
            _rules.setdefault(model, []).append(rule)
        return rule

    return register


def has_rule(model: type[Model]) -> bool:
    return model in _rules


def seen_by(user: Viewer, what: type[M] | QuerySet[M]) -> QuerySet[M]:
    """The rows of a model or queryset that the user may see. Raises LookupError if the model has no rule."""
    rows: QuerySet[M] = what if isinstance(what, QuerySet) else what._default_manager.all()
    if rows.model not in _rules:
        raise LookupError(f"{rows.model.__name__} has no rule of audience: register one (channels/audience.py).")
    if not user.is_active or user.pk is None:
        return rows.none()
    for rule in _rules[rows.model]:
        rows = rows.filter(rule(user))
    return rows


def visible_channel_ids(user: Viewer) -> RawSQL:
    """For `channel_id__in`: the channels that the user may see."""
    hidden = HIDDEN_CHANNELS.replace("%(me)s", "%s")
    sql = f"SELECT shown.id FROM channels_channel shown WHERE shown.id <> ALL ({hidden})"  # noqa: S608
    return RawSQL(sql, (user.pk, user.pk))  # noqa: S611


def hidden_connections(user: Viewer) -> QuerySet[Channel, Any]:
    """Connections with at least one channel that the user may not see. Items whose channel is unknown are hidden if
    they come from one of these."""
    return Channel.objects.exclude(pk__in=visible_channel_ids(user)).values("connection_id")


@rule_for(Channel)
def _channel_itself(user: Viewer) -> Q:
    return Q(pk__in=visible_channel_ids(user))


@rule_for(InboundItem, OutboundItem, Followed, Batch)
def _whole_connection(user: Viewer) -> Q:
    # An item's channel is known only after parsing. Slack posts have no connection.
    return Q(connection__isnull=True) | ~Q(connection__in=hidden_connections(user))


@rule_for(Lookup)
def _lookup(user: Viewer) -> Q:
    if user.is_superuser:
        return Q()
    return Q(visible_to=[]) | Q(visible_to__overlap=list(user.groups.values_list("name", flat=True)))
