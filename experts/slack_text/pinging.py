"""Names people and teams so that Slack notifies them: by id, never by a plain name.

https://docs.slack.dev/messaging/formatting-message-text#mentioning-users
"""

from __future__ import annotations

from channels.outbox import slack_posts
from experts.models import Expert, Topic


def address(asked: Expert | Topic) -> str:
    """How the text addresses a person or team: `@handle`, or the name."""
    handle = asked.slack_handle if isinstance(asked, Expert) else asked.slack_mention
    return f"@{handle.removeprefix('@')}" if handle else str(asked)


def ping_of(asked: Expert | Topic) -> str:
    """The markup that notifies a person or team; "" without an id: the name is then only text."""
    if isinstance(asked, Expert):
        return f"<@{asked.slack_id}>" if asked.slack_id else ""
    return f"<!subteam^{asked.slack_group_id}>" if asked.slack_group_id else ""


def for_slack(text: str, asked: Expert | Topic) -> str:
    """Escapes all Slack markup; only the chosen person is notified, even if their name was edited away."""
    escaped, ping = slack_posts.escaped(text), ping_of(asked)
    name = slack_posts.escaped(address(asked))
    if not ping:
        return escaped
    return escaped.replace(name, ping, 1) if name in escaped else f"{ping} {escaped}"
