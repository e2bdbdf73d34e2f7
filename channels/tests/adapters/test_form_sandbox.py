"""The adapter against the sandbox's website, from end to end: webhook, parsing, a reply by mail, the answer to it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.adapters.email import EmailAdapter
from channels.adapters.form import FormAdapter
from channels.contract import Config, Hook, Mention, Network, Outgoing
from channels.errors import Refused
from channels.tests.loopback import Reply, Seen, serving
from sandbox import launch

ADAPTER = FormAdapter()


def connection(sandbox: launch.Running, platform: str = "form") -> Config:
    access: dict[str, Any] = sandbox._call("/control/access", None)[platform]
    channels = access.get("channels") or {}
    return Config(
        access["settings"],
        access["secrets"],
        addresses=tuple(channels),
        channel_settings={address: settings for address, (settings, _secrets) in channels.items()},
        network=Network(allowed_private=tuple(f"127.0.0.1:{p}" for p in (sandbox.smtp_port, sandbox.imap_port))),
    )


def website_call(sandbox: launch.Running, secret: str, **fields: Any) -> Hook:
    """The website's webhook call for an application."""
    with serving(lambda seen: Reply()) as desk:
        sandbox.control("webhook", platform="form", url=f"{desk.url}/hooks/x/", secret=secret)
        sandbox.post("form", **fields)
        end = time.monotonic() + 10
        while not desk.seen and time.monotonic() < end:
            time.sleep(0.02)
        sandbox.control("webhook", platform="form", url="", secret="")
        seen: Seen = desk.seen[0]
    return Hook(seen.method, {name.lower(): value for name, value in seen.headers.items()}, seen.query, seen.body)


def read(config: Config, hook: Hook) -> Mention:
    (item,) = ADAPTER.receive(config, hook, datetime.now(UTC)).items
    mention = ADAPTER.parse(item, config)
    assert mention is not None
    return mention


@pytest.mark.parametrize("kind", ["education", "opensource", "startups", "speaker"])
def test_what_the_website_tells_is_what_was_sent(sandbox: launch.Running, kind: str) -> None:
    config = connection(sandbox)
    mention = read(config, website_call(sandbox, config.secret("webhook_secret"), kind=kind))
    truth = sandbox.truth("form")["mentions"][-1]
    assert mention.author.id == truth["author"]
    assert mention.author.name == truth["name"]
    assert mention.extra["answers"] == truth["answers"]
    assert [list(tier) for tier in mention.addressed] == [truth["addressed"]]
    assert mention.posted_at is not None
    assert abs(mention.posted_at.timestamp() - truth["at"]) < 0.01
    for answer in truth["answers"].values():
        assert answer in mention.text


def test_a_website_with_another_secret_is_refused(sandbox: launch.Running) -> None:
    with pytest.raises(Refused):
        read(connection(sandbox), website_call(sandbox, "another"))


def test_an_answer_arrives_in_the_applicants_mailbox_and_theirs_names_the_submission(sandbox: launch.Running) -> None:
    config = connection(sandbox)
    assert "SMTP server is ready" in ADAPTER.check(config)
    mention = read(
        config, website_call(sandbox, config.secret("webhook_secret"), kind="education", author="ada@univ.example")
    )
    answer = Outgoing(
        "5f0c2f0e-1111-4222-8333-444455556666",
        "Welcome aboard!",
        in_reply_to=mention.external_id,
        sender="education@acme.example",
        recipients=(mention.author.id,),
        subject=f"Re: {mention.subject}",
        references=(mention.external_id,),
    )
    receipt = ADAPTER.send(config, answer)
    (sent,) = sandbox.truth("form")["desk"]
    assert (sent["from"], sent["recipients"]) == ("education@acme.example", ["ada@univ.example"])
    assert sent["text"].startswith("Welcome aboard!")
    sandbox.post("email", author="ada@univ.example", text="Thank you!", reply_to=receipt.external_id)
    mailbox, email = connection(sandbox, "email"), EmailAdapter()
    items = [item for page in email.fetch(mailbox, None) for item in page.items]
    back = next(m for item in items if (m := email.parse(item, mailbox)) and "Thank you!" in m.text)
    assert mention.external_id in back.thread_keys
    assert email.namespace(mailbox) == ADAPTER.namespace(config)
