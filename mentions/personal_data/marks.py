"""Marks and suggested swag in the export, erasure and retention of personal data."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, Model, OuterRef, Q

from channels.clocks import desk_now
from channels.inbox import tombstones
from mentions.marks.planning import buried_name
from mentions.models import Account, Mark, Person, SwagSuggestion
from mentions.personal_data.scope import Part, Scope, register
from mentions.personal_data.scrubbing import Names

KEPT = timedelta(days=30)
"""How long data outlives a person's last mark: enough for late webhook calls."""


def _marks(scope: Scope) -> Iterable[Model]:
    return Mark.objects.filter(person=scope.person).order_by("pk") if scope.person else []


def _erase_marks(scope: Scope, names: Names) -> int:
    """Also records tombstones for the accounts, so that no list or webhook call restores them."""
    handles = {(a.namespace, name) for a in scope.authors for name in (a.handle, a.external_id) if name}
    if scope.person is not None:
        handles |= set(scope.person.accounts.values_list("namespace", "handle"))
    gone = {each for each in handles if not each[1].startswith(tombstones.PREFIX)}
    tombstones.bury([(namespace, buried_name(handle)) for namespace, handle in gone], desk_now())
    if scope.person is not None:
        Person.objects.filter(pk=scope.person.pk).update(region="", email="")
    return int(Mark.objects.filter(person=scope.person).delete()[0]) if scope.person else 0


def _swag(scope: Scope) -> Iterable[Model]:
    return SwagSuggestion.objects.filter(person=scope.person).order_by("pk") if scope.person else []


def _erase_swag(scope: Scope, names: Names) -> int:
    return int(SwagSuggestion.objects.filter(person=scope.person).delete()[0]) if scope.person else 0


@transaction.atomic
def forget(now: datetime) -> int:
    """Clear contact data and reasons of people without a mark for KEPT, and delete those who never posted. Returns how
    many people."""
    marks = Mark.objects.filter(person=OuterRef("pk"))
    fresh = marks.filter(Q(is_given=True) | Q(decided_at__gt=now - KEPT))
    over = Person.objects.filter(Exists(marks), ~Exists(fresh), is_us=False, user=None)
    silent = over.filter(authors=None, notes="")
    strangers = list(silent.values_list("pk", flat=True))
    Account.objects.filter(person__in=strangers).delete()
    Person.objects.filter(pk__in=strangers).delete()
    ids = list(over.exclude(region="", email="").values_list("pk", flat=True))
    Mark.objects.filter(person__in=over).exclude(because="").update(because="")
    return len(strangers) + Person.objects.filter(pk__in=ids).update(region="", email="")


register(Part("marks", _marks, _erase_marks))
register(Part("suggested swag", _swag, _erase_swag))
