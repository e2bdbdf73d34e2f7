"""Whether a team member can be reached outside the desk, by email or Slack."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from mentions.models import Preference
from mentions.notifications import delivery_news

MAIL, SLACK = Preference.Ways.MAIL.value, Preference.Ways.SLACK.value
WAYS: dict[str, tuple[str, ...]] = {
    Preference.Ways.NONE: (),
    Preference.Ways.MAIL: (MAIL,),
    Preference.Ways.SLACK: (SLACK,),
    Preference.Ways.BOTH: (MAIL, SLACK),
}


def why_not(user: Any, way: str) -> str:
    """Why a message by `MAIL` or `SLACK` cannot reach them, with what to do; empty if it can."""
    if way == MAIL and not user.email:
        return _("Your account has no email address. Add one first.")
    if way == SLACK and not (settings.SLACK_TOKEN and delivery_news.slack_id_of(user)):
        return _("The desk does not know you in Slack. Ask an admin to add your Slack member ID, or choose email.")
    return ""
