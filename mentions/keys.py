"""All keys of the desk, for the list under `?`. What they do is in static/js/keys.js; a test holds the two together."""

from __future__ import annotations

from django.utils.translation import gettext as _


def groups() -> list[tuple[str, list[tuple[str, str]]]]:
    """[(heading, [(keys, what they do)])]; several keys in a row are parted by a space."""
    return [
        (
            _("Anywhere"),
            [
                ("g p", _("play")),
                ("g q", _("queue")),
                ("g s", _("search")),
                ("g r", _("reports")),
                ("g a", _("add a mention")),
                ("/", _("search box")),
                ("Ctrl+K", _("go to anything")),
                ("?", _("these keys")),
                ("Esc", _("close, or leave a text field")),
            ],
        ),
        (
            _("In a list"),
            [
                ("j", _("next")),
                ("k", _("the one before")),
                ("Space", _("preview")),
                ("x", _("select")),
                ("Enter", _("open")),
            ],
        ),
        (
            _("On a ticket"),
            [
                ("r", _("write a reply")),
                ("Ctrl+Enter", _("reply and solve")),
                ("Ctrl+Shift+Enter", _("reply, wait for them")),
                ("n", _("note")),
                ("m", _("macro")),
                ("t", _("tag")),
                ("e", _("involve an expert")),
                ("l", _("look up a link")),
                ("o", _("answered outside")),
                ("x", _("no reply needed")),
                ("p", _("park")),
                ("h", _("hand back")),
                ("z", _("undo the last one")),
                ("u", _("up to the queue")),
            ],
        ),
    ]
