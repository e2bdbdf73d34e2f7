"""What the figures about the team's workload mean."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metrics.meanings.meaning import Meaning

OF_PEOPLE = (
    Meaning("worked_on", _("Worked on"), _("Tickets the person did anything to in the period, each counted once.")),
    Meaning(
        "answered_by",
        _("Answered in public"),
        _("Tickets the person answered in public in the period, from the desk or from their own account."),
    ),
    Meaning("solved_by", _("Solved by them"), _("Tickets the person solved in the period, even if reopened since.")),
    Meaning(
        "no_reply_by",
        _("Reason given"),
        _("Tickets that the person marked in the period as needing no reply, with a reason."),
    ),
    Meaning("requests_by", _("Experts asked"), _("Requests the person sent to experts in the period.")),
    Meaning("assigned", _("Assigned now"), _("New or open tickets that are assigned to the person now.")),
    Meaning(
        "shift_hours",
        _("On shift"),
        _("The person's shift hours in the coverage calendar within the period, so far; without time on call."),
    ),
)
