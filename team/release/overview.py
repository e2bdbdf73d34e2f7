"""The overview of a release: drafted once, posted by the desk's handles, and copied for Hacker News."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.utils.translation import gettext as _

from team.models import Release

MAX_LENGTH = 5000
TITLE = 80
"""Source: https://news.ycombinator.com/submit refuses longer titles."""
_LINK = re.compile(r"\[([^\]\n]*)\]\((https?://[^)\s]+)\)")
_MARKS = re.compile(r"(\*\*|__|`)(?=\S)(.+?)(?<=\S)\1")
_BULLET = re.compile(r"^[ \t]*[-*•][ \t]+", re.MULTILINE)


class OverviewRefused(Exception):
    """Nothing was saved; the text says why."""


@transaction.atomic
def save(release_id: int, text: str, version: int, user: Any) -> Release:
    """Save the overview. `version`: the one that was read. Raises OverviewRefused if somebody has changed it
    meanwhile."""
    text = text.replace("\0", "").replace("\r\n", "\n").strip()
    if len(text) > MAX_LENGTH:
        raise OverviewRefused(_("The overview is longer than %(most)s characters.") % {"most": MAX_LENGTH})
    release = Release.objects.select_for_update(of=("self",)).select_related("rule", "overview_by").get(pk=release_id)
    if text == release.overview:
        return release
    if version != release.overview_version:
        raise OverviewRefused(
            _("Somebody else has changed the overview in the meantime. Compare both, then save yours.")
        )
    release.overview, release.overview_by = text, user
    release.overview_version += 1
    release.save(update_fields=["overview", "overview_by", "overview_version"])
    return release


def template(release: Release) -> str:
    """The structure of an overview: three main features or improvements, and where to read more."""
    what = release.name or str(release.rule)
    lines = [_("%(what)s is out:") % {"what": what}, "", "- …", "- …", "- …"]
    return "\n".join([*lines, *(["", release.url] if release.url else [])])


def for_hacker_news(text: str) -> str:
    """Plain text: links as addresses, no markup, each point a paragraph (Hacker News joins lines without a blank line
    between them).

    Source: https://news.ycombinator.com/formatdoc
    """
    plain = _LINK.sub(lambda link: f"{link[1]}: {link[2]}" if link[1] else link[2], text)
    plain = _MARKS.sub(r"\2", _BULLET.sub("– ", plain))
    return "\n\n".join(line.strip() for line in plain.splitlines() if line.strip())


def submit_address(release: Release) -> str:
    """Where the release post is submitted to Hacker News; "" without its link."""
    if not release.url:
        return ""
    first = next((line.strip() for line in release.overview.splitlines() if line.strip()), "")
    return "https://news.ycombinator.com/submitlink?" + urlencode({"u": release.url, "t": first.rstrip(":")[:TITLE]})
