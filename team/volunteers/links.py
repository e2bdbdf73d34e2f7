"""The signed link of an invitation. It works until the first answer, the next link, or its expiry."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core import signing
from django.urls import reverse

from team.models import VolunteerDay

_SALT = "team.volunteers"


class BadLink(LookupError):
    """Not signed by this desk, replaced by a newer one, or over."""


def link_of(volunteer: VolunteerDay) -> str:
    token = signing.dumps([volunteer.pk, volunteer.link_version], salt=_SALT)
    return settings.BASE_URL + reverse("team:volunteer_answer", args=[token])


def read(token: str, now: datetime) -> VolunteerDay:
    """The invitation, answered or not. Raises BadLink."""
    try:
        number, version = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise BadLink from error
    rows = VolunteerDay.objects.select_related("user", "buddy", "invited_by")
    found = rows.filter(pk=number, link_version=version, link_until__gt=now, user__is_active=True).first()
    if found is None or (found.state == VolunteerDay.State.WITHDRAWN and not _others(found)):
        raise BadLink
    return found


def _others(volunteer: VolunteerDay) -> bool:
    """Whether the same message asked for other days, which are still open."""
    rows = VolunteerDay.objects.filter(user=volunteer.user_id, state=VolunteerDay.State.INVITED)
    return bool(rows.filter(invited_at=volunteer.invited_at).exists())
