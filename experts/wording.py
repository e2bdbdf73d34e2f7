"""Outreach texts: admins may edit them; each must contain the searchable phrase."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from string import Template

SEARCH_PHRASE = "support from an expert"
DEFAULT_TEXT = """\
$who $link
Hello! A mention on $platform needs support from an expert. Could you answer it there, from your own account? \
A short answer in your own words is worth more to the person who asked than one from us. \
If you do not know the answer, share what you think and name someone who might, or point me to a better channel. \
Thank you!
How to answer, and one click to confirm: $respond"""
PLACEHOLDERS = ("who", "link", "platform", "channel", "topic", "respond", "advocate")


class BadWording(ValueError):
    """An invalid text; the message says what to change."""


@dataclass(frozen=True, slots=True)
class PlaceholderFacts:
    """Values of the placeholders, in plain text."""

    who: str
    link: str
    platform: str
    respond: str
    advocate: str
    channel: str = ""
    """Where the mention came in."""
    topic: str = ""
    """What the request is about; "" if unknown."""


def checked(text: str) -> str:
    """The validated text. Raises BadWording: unknown placeholder, no $link, or no searchable phrase."""
    try:
        names = Template(text).get_identifiers()
        Template(text).substitute(dict.fromkeys(PLACEHOLDERS, ""))
    except (KeyError, ValueError) as error:
        raise BadWording(f"Unknown placeholder {error}. Use only: $" + ", $".join(PLACEHOLDERS)) from error
    if "link" not in names:
        raise BadWording("Add $link, the address of the mention.")
    if SEARCH_PHRASE not in text:
        raise BadWording(f"Add the phrase “{SEARCH_PHRASE}”: the team counts its requests by searching for it.")
    return text


def filled(text: str, facts: PlaceholderFacts) -> str:
    return Template(checked(text)).substitute(asdict(facts))
