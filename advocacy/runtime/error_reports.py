"""Redacts Django's error pages and emails: in addition to Django's names, service URLs, which contain passwords."""

from __future__ import annotations

import re

from django.views.debug import SafeExceptionReporterFilter


class Filter(SafeExceptionReporterFilter):
    hidden_settings = re.compile(
        SafeExceptionReporterFilter.hidden_settings.pattern + "|URL|BROKER|LOCATION|PROXY|EMAIL_CONFIG|CREDENTIAL",
        re.IGNORECASE,
    )
