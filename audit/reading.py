"""Reads the audit log: filters and keyset pagination, so page 1000 costs the same as page 1."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from audit.kinds import EntryKind
from audit.models import Entry

PER_PAGE = 100


class FilterForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("Event"), required=False, choices=lambda: [("", _("All events")), *EntryKind.choices]
    )
    who = forms.CharField(label=_("Actor or subject"), required=False, max_length=200)
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    before = forms.IntegerField(required=False, min_value=1, max_value=2**62, widget=forms.HiddenInput)


@dataclass(frozen=True, slots=True)
class AuditPage:
    """`before`: id that starts the next page (exclusive); None on the last page."""

    entries: list[Entry]
    before: int | None


def filtered(kind: str = "", who: str = "", since: date | None = None, until: date | None = None) -> QuerySet[Entry]:
    """Entries, newest first. `who` matches part of the actor's or the subject's name; both days are inclusive, in
    UTC."""
    found = Entry.objects.order_by("-pk")
    if kind:
        found = found.filter(kind=kind)
    if who := who.replace("\0", ""):
        found = found.filter(Q(actor_name__icontains=who) | Q(subject_name__icontains=who))
    if since:
        found = found.filter(at__gte=_midnight(since))
    if until:
        found = found.filter(at__lt=_midnight(until) + timedelta(days=1))
    return found


def page(entries: QuerySet[Entry], before: int | None) -> AuditPage:
    if before:
        entries = entries.filter(pk__lt=before)
    shown = list(entries[: PER_PAGE + 1])
    more = len(shown) > PER_PAGE
    shown = shown[:PER_PAGE]
    return AuditPage(shown, shown[-1].pk if more else None)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
