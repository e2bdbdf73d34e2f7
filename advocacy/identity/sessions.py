"""Sessions of people: begun at a login, ended by them, by an admin, by being idle, and by their age."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User


def end_all(person: User) -> int:
    """End every session of this person; how many."""
    sessions = list(UserSession.objects.filter(user=person).order_by("pk"))
    for session in sessions:
        session.end()
    return len(sessions)
