"""Days of a period, in a queryset."""

from __future__ import annotations

from django.db.models import DateField, Q
from django.db.models.functions import TruncDate

from metrics.periods import Period


def within_days(column: str, span: Period) -> Q:
    """On one of these days."""
    return Q(**{f"{column}__gte": span.start, f"{column}__lt": span.end})


def day_of(column: str, period: Period) -> TruncDate:
    return TruncDate(column, tzinfo=period.tz, output_field=DateField())
