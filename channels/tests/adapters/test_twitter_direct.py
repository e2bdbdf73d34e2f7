"""Direct messages: parsing, polling frequency, and people who take none from us."""

import pytest

from channels.adapters.twitter import Twitter, client, direct_messages
from channels.contract import Config, Item, Outgoing
from channels.errors import Malformed, Rejected
from channels.http.errors import redact
from channels.tests.loopback import Reply, serving

ADAPTER = Twitter()
OWN, PERSON = "77", "1300000000000000001"
TALK = f"{OWN}-{PERSON}"


def config(api="https://api.example", **more):
    tokens = {"access_token": f"{OWN}-abcdef", "access_token_secret": "hush-hush"}
    port = api.rpartition(":")[2]
    values = {
        "settings": {"api_base": api},
        "secrets": {"bearer_token": "bearer-token", "consumer_key": "key-key", "consumer_secret": "secret-secret"},
        "addresses": ("acme", "dm:acme"),
        "own": frozenset({"acme", "dm:acme"}),
        "channel_secrets": {"acme": tokens, "dm:acme": {}},
        "network": direct_network(port),
    }
    return Config(**{**values, **more})


def direct_network(port):
    from channels.contract import Network

    return Network(allowed_private=(f"127.0.0.1:{port}",))


def item(sender=PERSON, conversation=TALK, **more):
    event = {
        "id": "1990000000000000001",
        "event_type": "MessageCreate",
        "text": "1 Long Street &amp; yard",
        "sender_id": sender,
        "dm_conversation_id": conversation,
        "created_at": "2026-11-02T12:00:00.000Z",
        **more,
    }
    user = {"id": sender, "username": "jane_dev" if sender == PERSON else "acme", "name": "Jane"}
    return Item("dm:1990000000000000001", {"dm": event, "user": user, "handle": "acme"})


def test_message_of_a_person_is_of_their_thread_with_us():
    mention = ADAPTER.parse(item(), config())
    assert (mention.external_id, mention.thread_id) == ("dm:1990000000000000001", f"dm:{TALK}")
    assert (mention.author.id, mention.author.handle, mention.is_own) == (PERSON, "jane_dev", False)
    assert mention.text == "1 Long Street & yard"
    assert mention.addressed == (("dm:acme",),)
    assert mention.url == f"https://twitter.com/messages/{TALK}"
    assert ADAPTER.is_private_thread(mention.thread_id)
    assert ADAPTER.private_thread(config(), "dm:acme", PERSON) == mention.thread_id


def test_message_of_ours_says_to_whom_it_went():
    mention = ADAPTER.parse(item(sender=OWN), config())
    assert mention.is_own
    assert mention.thread_keys == (f"dm:{TALK}|{PERSON}",)


@pytest.mark.parametrize(
    "more", [{"conversation": "1578398451921985538"}, {"event_type": "ParticipantsJoin"}], ids=["group", "joined"]
)
def test_groups_are_not_read(more):
    assert ADAPTER.parse(item(**more), config()) is None


@pytest.mark.parametrize("payload", [{"dm": None}, {"dm": {"text": "no id"}}, {"dm": []}])
def test_what_is_no_message_is_malformed(payload):
    with pytest.raises(Malformed):
        ADAPTER.parse(Item("dm:1", payload), config())


def test_private_is_answered_in_private_and_may_be_longer():
    assert not ADAPTER.may_answer("acme", f"dm:{TALK}")
    assert ADAPTER.may_answer("dm:acme", f"dm:{TALK}")
    assert ADAPTER.may_answer("dm:acme", "1000")
    assert (ADAPTER.reply_limit("acme"), ADAPTER.reply_limit("dm:acme")) == (280, 10_000)


def test_private_channel_is_no_handle_whose_mentions_are_read():
    from channels.adapters.twitter import fetching

    assert [source.name for source in fetching.sources(config())] == ["@acme"]
    assert [source.name for source in direct_messages.sources(config())] == ["dm:acme"]


def test_messages_are_asked_for_once_a_minute_as_the_handle():
    with serving(lambda seen: Reply(body=b'{"meta": {"result_count": 0}}')) as server:
        (source,) = direct_messages.sources(config(server.url))
        (read,) = source.read(None)
        assert list(source.read(read.mark)) == []
        assert len(server.seen) == 1
        assert server.seen[0].headers["Authorization"].startswith("OAuth ")


def test_closed_door_is_named_with_what_to_do():
    body = (
        b'{"title": "Forbidden", "detail": "You do not have permission to DM one or more participants.", "status": 403}'
    )
    outgoing = Outgoing("k", "Where to?", sender="dm:acme", recipients=(PERSON,))
    with serving(lambda seen: Reply(status=403, body=body)) as server, pytest.raises(Rejected) as refused:
        ADAPTER.send(config(server.url), outgoing)
    assert str(refused.value).startswith(client.CLOSED)
    assert redact(str(refused.value)) == str(refused.value)


@pytest.mark.parametrize("recipients", [(), ("jane_dev",)])
def test_nobody_to_send_it_to_sends_nothing(recipients):
    with pytest.raises(Rejected, match="has no recipient"):
        ADAPTER.send(config(), Outgoing("k", "Where to?", sender="dm:acme", recipients=recipients))


@pytest.mark.parametrize("verb", ["delete", "like"])
def test_messages_are_deleted_and_liked_on_the_platform_only(verb):
    with pytest.raises(Rejected, match="direct messages"):
        getattr(ADAPTER, verb)(config(), "dm:1990000000000000001")
