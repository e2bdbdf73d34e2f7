"""Days of a period, in a queryset."""

from __future__ import annotations

from django.db.models import DateField
from django.db.models.functions import TruncDate

from metrics.periods import Period


def day_of(column: str, period: Period) -> TruncDate:
    return TruncDate(column, tzinfo=period.tz, output_field=DateField())
