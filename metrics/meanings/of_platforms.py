"""What the figures about platforms mean."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metrics.meanings.meaning import Meaning

OF_PLATFORMS = (
    Meaning("requesters", _("Accounts"), _("Different accounts that the mentions came from.")),
    Meaning(
        "views",
        _("Views"),
        _("Views of the conversations, as last reported by the platform, which counts them for the whole thread."),
    ),
    Meaning(
        "likes",
        _("Likes"),
        _("Likes, hearts, points or votes on messages to us in these conversations, as last reported by the platform."),
    ),
    Meaning(
        "shares",
        _("Shares"),
        _("Reposts and boosts of the messages to us in these conversations, as last reported by the platform."),
    ),
    Meaning(
        "comments",
        _("Comments"),
        _("Replies to the messages to us in these conversations, as last reported by the platform."),
    ),
)
