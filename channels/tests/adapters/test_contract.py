"""The contract of every adapter: its payloads parse as recorded, and whatever the network does, it raises only typed
errors.

A payload `NAME.*` has a file `NAME.expected.json`: a list of `inspect_record` objects, or `{"malformed": "…"}` with a
part of the error. `config.json` in the same folder (or `NAME.config.json` for one) holds the connection to parse them
with. `access_token.json` {"path", "body"}, or a list of them: the responses of the platform's token endpoint (and of
any other request before the tested one); the faults are injected after that.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache

from channels.contract import (
    Adapter,
    Capability,
    Config,
    Field,
    FieldKind,
    Item,
    Mention,
    Network,
    Outgoing,
    digest,
    inspect_record,
    parse_all,
)
from channels.db.payloads import to_json
from channels.errors import AuthFailed, ChannelError, Malformed, RateLimited, Transient, Uncertain
from channels.parsing import work
from channels.registry import finding_adapters
from channels.registry.finding_adapters import all_adapters
from channels.tests.loopback import Reply, Seen, as_json, serving

PAYLOADS = Path(__file__).parents[1] / "payloads"


@dataclass(frozen=True)
class Sample:
    platform: str
    path: Path
    expected: Any

    @property
    def adapter(self) -> Adapter:
        return all_adapters()[self.platform]

    def config(self) -> Config:
        for path in (self.path.parent / f"{_stem(self.path)}.config.json", self.path.parent / "config.json"):
            if path.exists():
                return _config(json.loads(path.read_text()))
        return Config()

    def items(self) -> list[Item]:
        config = self.config()
        return [
            item
            for document in self.adapter.documents(self.path.read_bytes(), config)
            for item in self.adapter.split(document, config)
        ]


def _stem(path: Path) -> str:
    return path.name.split(".", 1)[0]


def _config(values: dict[str, Any]) -> Config:
    values = dict(values)
    return Config(addresses=tuple(values.pop("addresses", ())), own=frozenset(values.pop("own", ())), **values)


def _samples() -> Iterator[Sample]:
    for expected in sorted(PAYLOADS.glob("*/*.expected.json")):
        name = expected.name.removesuffix(".expected.json")
        for path in sorted(expected.parent.glob(f"{name}.*")):
            if not path.name.endswith((".expected.json", ".config.json")):
                yield Sample(expected.parent.name, path, json.loads(expected.read_text()))


SAMPLES = list(_samples())
READABLE = [sample for sample in SAMPLES if isinstance(sample.expected, list)]


def _name(sample: Sample) -> str:
    return f"{sample.platform}/{sample.path.name}"


def test_every_adapter_has_at_least_ten_payloads() -> None:
    counts = {platform: sum(s.platform == platform for s in SAMPLES) for platform in all_adapters()}
    assert {platform: n for platform, n in counts.items() if n < 10} == {}
    assert {sample.platform for sample in SAMPLES} <= set(all_adapters())


@pytest.mark.parametrize("sample", SAMPLES, ids=_name)
def test_a_payload_reads_as_expected(sample: Sample) -> None:
    config = sample.config()
    documents = sample.adapter.documents(sample.path.read_bytes(), config)
    if isinstance(sample.expected, dict):
        with pytest.raises(Malformed) as caught:
            list(parse_all(sample.adapter, documents, config))
        assert sample.expected["malformed"] in str(caught.value)
        assert "\n" not in str(caught.value)
    else:
        assert [inspect_record(m) for m in parse_all(sample.adapter, documents, config)] == sample.expected


def _stored(payload: Any) -> Any:
    """With the keys in the order in which jsonb returns them: shorter ones first."""
    if isinstance(payload, dict):
        return {key: _stored(payload[key]) for key in sorted(payload, key=lambda key: (len(key.encode()), key))}
    return [_stored(each) for each in payload] if isinstance(payload, list) else payload


@pytest.mark.parametrize("sample", READABLE, ids=_name)
def test_items_are_self_contained_and_unique(sample: Sample) -> None:
    config, adapter, items = sample.config(), sample.adapter, sample.items()
    assert len({item.external_id for item in items}) == len(items)
    for item in items:
        stored = Item(item.external_id, json.loads(json.dumps(item.payload)), item.raw)
        assert adapter.parse(stored, config) == adapter.parse(item, config)
        assert adapter.fingerprint(stored, config) == adapter.fingerprint(item, config)


@pytest.mark.parametrize("sample", READABLE, ids=_name)
def test_the_same_payload_twice_has_the_same_fingerprints(sample: Sample) -> None:
    config, adapter = sample.config(), sample.adapter
    marks = [adapter.fingerprint(item, config) for item in sample.items()]
    assert marks == [adapter.fingerprint(item, config) for item in sample.items()]
    assert all(len(mark) == 16 for mark in marks)


@pytest.mark.parametrize("sample", READABLE, ids=_name)
def test_ingest_and_a_later_fetch_read_the_same_fingerprint_and_the_same_id(sample: Sample) -> None:
    """Ingest computes it from the parsed mention, a poll of known items from the item. The inbox's key is the item's
    id; it differs from the mention's only in mail and forms, whose senders choose their ids."""
    config, adapter = sample.config(), sample.adapter
    for item in sample.items() if adapter.can(Capability.EDITS) else ():
        stored = Item(item.external_id, _stored(item.payload), item.raw)
        mention = adapter.parse(stored, config)
        assert adapter.fingerprint_after(mention, stored, config) == adapter.fingerprint(item, config)
        assert mention is None or mention.external_id == item.external_id


@pytest.mark.parametrize("sample", READABLE, ids=_name)
def test_a_mention_is_parsed_once_to_read_it_with_its_fingerprint(sample: Sample, monkeypatch: Any) -> None:
    config, adapter, count = sample.config(), sample.adapter, 0

    def parse(item: Item, given: Config) -> Mention | None:
        nonlocal count
        count += 1
        return parse_it(item, given)

    parse_it = adapter.parse
    monkeypatch.setattr(adapter, "parse", parse, raising=False)
    if (module := sys.modules.get(f"{type(adapter).__module__}.parsing")) and hasattr(module, "parse"):
        monkeypatch.setattr(module, "parse", parse)
    for item in sample.items():
        count, payload = 0, None if item.payload is None else to_json(item.payload)
        if work.read_item(adapter, config, item.external_id, payload, item.raw, ()).mention is not None:
            assert count == 1


@pytest.mark.parametrize("sample", READABLE, ids=_name)
def test_mentions_hold_what_the_desk_relies_on(sample: Sample) -> None:
    for item in sample.items():
        mention = sample.adapter.parse(item, sample.config())
        if mention is not None:
            _assert_sound(mention)


def _assert_sound(mention: Mention) -> None:
    assert mention.external_id
    assert mention.thread_id
    for at in (mention.posted_at, mention.edited_at):
        assert at is None or at.utcoffset() == timedelta(0)
    for text in (mention.text, mention.html or "", mention.subject or "", mention.author.name or ""):
        assert "\x00" not in text
        text.encode()
    assert all(word == word.lower() for tier in mention.addressed for word in tier)


def assert_storable(mention: Mention) -> None:
    """Storable as it is, before ingest cuts anything: no NUL, no half characters, bounded ids and names."""
    stored = json.dumps([inspect_record(mention), dict(mention.extra), mention.thread_keys, mention.addressed])
    assert "\\u0000" not in stored
    json.loads(stored)
    json.dumps(inspect_record(mention), ensure_ascii=False).encode()
    assert 0 < len(mention.external_id) <= 500
    assert 0 < len(mention.thread_id) <= 500
    assert len(mention.author.id) <= 254
    assert len(mention.subject or "") <= 1000
    assert all(0 < len(each.name) <= 300 and len(each.type) <= 150 for each in mention.attachments)
    assert all(len(each.content_id or "") <= 300 for each in mention.attachments)
    assert len(digest(mention)) == 16


# --- the network -------------------------------------------------------------------------------------------------

SECRET = "s3cr3t-0f-this-connection"
ADDRESS_LISTS = ("feeds",)
"""Fields of kind LIST whose entries are web addresses."""
HTTP_ADAPTERS = [
    adapter
    for adapter in all_adapters().values()
    if any(f.name.endswith("_base") or f.name in ADDRESS_LISTS for f in adapter.fields)
]


def _filled(fields: tuple[Field, ...], base: str) -> tuple[dict[str, Any], dict[str, str]]:
    settings: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    for f in fields:
        if f.kind is FieldKind.SECRET:
            secrets[f.name] = f"{SECRET}-{f.name}"
        elif f.kind is FieldKind.URL:
            settings[f.name] = base
        elif f.kind is FieldKind.LIST:
            settings[f.name] = [base] if f.name in ADDRESS_LISTS else ["Acme"]
        elif f.default is not None:
            settings[f.name] = f.default
        elif f.kind is FieldKind.TEXT:
            settings[f.name] = "7003"
    return settings, secrets


def _connection(adapter: Adapter, base: str, network: Network) -> Config:
    settings, secrets = _filled(adapter.fields, base)
    channel_settings, channel_secrets = _filled(adapter.channel_fields, base)
    personal = _filled(adapter.personal_fields, base)[1]
    return Config(
        settings,
        secrets,
        ("acme",),
        frozenset(),
        network,
        {"acme": channel_settings},
        {"acme": channel_secrets},
        personal,
    )


def _answering(adapter: Adapter, reply: Reply) -> Callable[[Seen], Reply]:
    """`reply` to everything except the request for an access token, if the platform has one."""
    path = PAYLOADS / adapter.platform / "access_token.json"
    recorded = json.loads(path.read_text()) if path.exists() else []
    before = recorded if isinstance(recorded, list) else [recorded]

    def answer(seen: Seen) -> Reply:
        return next((as_json(known["body"]) for known in before if seen.path.endswith(known["path"])), reply)

    return answer


OUTGOING = Outgoing("2f7c", "Thanks for telling us!", thread_id="41", in_reply_to="42", sender="acme")
Verb = Callable[[Adapter, Config], Any]
READS: dict[str, Verb] = {
    "fetch": lambda adapter, config: list(adapter.fetch(config, None)),
    "check": lambda adapter, config: adapter.check(config),
    "fetch_thread": lambda adapter, config: adapter.fetch_thread(config, "41"),
    "find_own": lambda adapter, config: adapter.find_own(config, OUTGOING, datetime.now(UTC) - timedelta(hours=1)),
}
WRITES: dict[str, Verb] = {
    "send": lambda adapter, config: adapter.send(config, OUTGOING),
    "like": lambda adapter, config: adapter.like(config, "42"),
}
ALWAYS = ("fetch", "check")
HTML = b"<!DOCTYPE html><html><body><h1>It is us, not you</h1></body></html>"
IN_JSON = {"Content-Type": "application/json; charset=utf-8"}
FAULTS: dict[str, tuple[Reply, type[ChannelError], type[ChannelError]]] = {
    "401": (Reply(401, b'{"title":"Unauthorized","status":401}', IN_JSON), AuthFailed, AuthFailed),
    "403": (Reply(403, b'{"title":"Forbidden","status":403}', IN_JSON), AuthFailed, ChannelError),
    "429": (Reply(429, b'{"title":"Too Many Requests"}', IN_JSON), RateLimited, RateLimited),
    "429 with Retry-After": (Reply(429, b"slow down", {"Retry-After": "17"}), RateLimited, RateLimited),
    "500": (Reply(500, HTML, {"Content-Type": "text/html"}), Transient, Uncertain),
    "HTML instead of JSON": (Reply(200, HTML, {"Content-Type": "text/html"}), Transient, Uncertain),
    "truncated JSON": (Reply(200, b'{"data":[{"id":"1","te', IN_JSON), Transient, Uncertain),
    "cut off": (Reply(200, b'{"data":[{"id":"1","text":"a"}]}', IN_JSON, cut=True), Transient, Uncertain),
    "empty body": (Reply(200, b"", IN_JSON), Transient, Uncertain),
    "no answer": (Reply(drop=True), Transient, Uncertain),
    "timeout": (Reply(delay_s=1.0), Transient, Uncertain),
}


def _can(adapter: Adapter, verb: str) -> bool:
    return verb in ALWAYS or adapter.can(Capability(verb))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("adapter", HTTP_ADAPTERS, ids=lambda a: a.platform)
def test_a_fault_is_a_typed_error_without_a_secret(adapter: Adapter, fault: str) -> None:
    reply, read_error, write_error = FAULTS[fault]
    with serving(_answering(adapter, reply)) as server:
        patience_s = 0.2 if fault == "timeout" else 10.0
        config = _connection(adapter, server.url, server.network(read_timeout_s=patience_s))
        for verbs, expected in ((READS, read_error), (WRITES, write_error)):
            for name, verb in verbs.items():
                if not _can(adapter, name):
                    continue
                cache.clear()  # no verb waits because of the one before
                with pytest.raises(expected) as caught:
                    verb(adapter, config)
                assert SECRET not in str(caught.value), name
                assert str(caught.value).strip(), name
                if fault == "429 with Retry-After":
                    assert isinstance(caught.value, RateLimited)
                    assert caught.value.retry_after_s == 17
        assert server.seen


@pytest.mark.parametrize("adapter", HTTP_ADAPTERS, ids=lambda a: a.platform)
def test_nothing_listening_is_transient_for_reads_and_writes(adapter: Adapter) -> None:
    with serving(lambda seen: Reply()) as server:
        config = _connection(adapter, server.url, server.network())
    for name, verb in {**READS, **WRITES}.items():
        if _can(adapter, name):
            with pytest.raises(Transient):
                verb(adapter, config)


@pytest.mark.parametrize("adapter", HTTP_ADAPTERS, ids=lambda a: a.platform)
def test_a_wrong_charset_is_tolerated_or_reported(adapter: Adapter) -> None:
    for sample in (s for s in READABLE if s.platform == adapter.platform and s.path.suffix == ".json"):
        body = json.dumps(json.loads(sample.path.read_text()), ensure_ascii=False).encode("latin-1", "replace")
        reply = Reply(200, body, {"Content-Type": "text/plain; charset=utf-16"})
        with serving(_answering(adapter, reply)) as server:
            config = _connection(adapter, server.url, server.network())
            try:
                list(adapter.fetch(config, None))
            except ChannelError:
                pass
            assert server.seen


MATCHED = "a stream that we match ourselves: most of it doesn't name us"
READ_ON_ARRIVAL = {
    "feed/fetching.py": MATCHED,
    "gitlab/hooks.py": "a stream of all events; and what is confidential may not be kept without the right to it",
    "lobsters/fetching.py": MATCHED,
    "mastodon/threads.py": "what isn't public may not be kept; and only for a mention its root is worth a request",
    "slack/hooks.py": MATCHED,
    "youtube/fetching.py": MATCHED,
}


def test_what_a_search_or_a_mailbox_brings_is_kept_before_anybody_judges_it() -> None:
    """Only these parse what they fetch before it is stored; all others leave it to ingest."""
    root = Path(finding_adapters.__file__).parents[1] / "adapters"
    files = [path for name in ("fetching", "threads", "hooks") for path in root.glob(f"*/**/{name}.py")]
    assert len(files) > 30
    assert {str(path.relative_to(root)) for path in files if _parses(path)} == set(READ_ON_ARRIVAL)


def _parses(path: Path) -> bool:
    """Whether it uses `parse` or `parsing.parse`, called or passed on."""
    return any(
        (isinstance(node, ast.Name) and node.id == "parse")
        or (isinstance(node, ast.Attribute) and node.attr == "parse" and ast.unparse(node.value) in ("parsing", "self"))
        for node in ast.walk(ast.parse(path.read_text()))
    )
