"""Slack's Web API through its own SDK."""

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox import world


@pytest.fixture
def slack(calm):
    return WebClient(world.SLACK_TOKEN, base_url=f"{calm.http_url}/slack/api/")


def test_message_thread_and_permalink(calm, slack):
    top = slack.chat_postMessage(channel="#s_verify", text="support from an expert <http://x.example|link>")
    assert top["channel"] == world.SLACK_CHANNELS["s_verify"]
    answer = slack.chat_postMessage(channel=top["channel"], thread_ts=top["ts"], text="an answer")
    thread = slack.conversations_replies(channel=top["channel"], ts=top["ts"])["messages"]
    assert [m["ts"] for m in thread] == [top["ts"], answer["ts"]]
    assert (thread[0]["reply_count"], thread[1]["thread_ts"]) == (1, top["ts"])
    link = slack.chat_getPermalink(channel=top["channel"], message_ts=top["ts"])["permalink"]
    page = requests.get(link, timeout=20)
    assert "support from an expert &lt;http://x.example|link&gt;" in page.text
    assert [m["ts"] for m in calm.truth("slack")["desk"]][-2:] == [top["ts"], answer["ts"]]


def test_update_changes_the_text(slack):
    made = slack.chat_postMessage(channel="questions", text="before")
    slack.chat_update(channel=made["channel"], ts=made["ts"], text="after")
    assert slack.conversations_history(channel=made["channel"])["messages"][0]["text"] == "after"


def test_a_member_is_written_to_directly_and_read_by_the_id_of_that_conversation(slack):
    made = slack.chat_postMessage(channel="U00000006", text="only for you")
    assert made["channel"] == slack.conversations_open(users="U00000006")["channel"]["id"] != "U00000006"
    assert slack.conversations_history(channel=made["channel"])["messages"][0]["text"] == "only for you"
    assert slack.conversations_info(channel=made["channel"])["channel"]["is_im"] is True


@pytest.mark.parametrize(
    ("call", "wrong"),
    [
        (lambda c: c.chat_postMessage(channel="#nowhere", text="x"), "channel_not_found"),
        (lambda c: c.chat_postMessage(channel="#questions", text=""), "no_text"),
        (lambda c: c.chat_postMessage(channel="#questions", text="x", thread_ts="1.000001"), "thread_not_found"),
        (lambda c: c.users_lookupByEmail(email="nobody@acme.example"), "users_not_found"),
        (lambda c: c.conversations_open(users="U99999999"), "user_not_found"),
        (lambda c: c.chat_getPermalink(channel="C00000001", message_ts="1.000001"), "message_not_found"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*text.*:UserWarning")
def test_refusals_have_slack_names(slack, call, wrong):
    with pytest.raises(SlackApiError) as refused:
        call(slack)
    assert refused.value.response["error"] == wrong


def test_wrong_token_is_invalid_auth(calm):
    with pytest.raises(SlackApiError) as refused:
        WebClient("wrong", base_url=f"{calm.http_url}/slack/api/").auth_test()
    assert refused.value.response["error"] == "invalid_auth"


def test_people_are_found_by_mail_address(slack):
    user = slack.users_lookupByEmail(email="aisha@acme.example")["user"]
    assert (user["id"], user["profile"]["real_name"]) == ("U00000006", "Aisha Rahman")


def test_channels_come_in_pages(slack):
    names, cursor = [], None
    while cursor != "":
        page = slack.conversations_list(limit=7, cursor=cursor)
        names += [channel["name"] for channel in page["channels"]]
        cursor = page["response_metadata"]["next_cursor"]
    assert names == list(world.SLACK_CHANNELS)


def test_too_many_requests_say_when_to_come_back(calm, slack):
    calm.control("faults", platform="slack", kind="429", count=1)
    with pytest.raises(SlackApiError) as refused:
        slack.auth_test()
    assert refused.value.response.status_code == 429
    assert refused.value.response.headers["Retry-After"] == "1"
    assert slack.auth_test()["ok"]


def test_json_body_is_read_too(calm, anybody):
    headers = {"Authorization": f"Bearer {world.SLACK_TOKEN}"}
    url = f"{calm.http_url}/slack/api/chat.postMessage"
    body = {"channel": "#questions", "text": "as JSON", "blocks": [{"type": "section", "text": {"text": "inside"}}]}
    answer = anybody.post(url, json=body, headers=headers, timeout=20).json()
    assert answer["message"]["blocks"] == body["blocks"]
    assert "inside" in anybody.get(f"{calm.http_url}/slack/questions", timeout=20).text


def test_expert_reacts_when_asked(calm, slack):
    calm.control("stream", rate=0, reactions=True)
    asked = [calm.post("twitter", to="acme", text=f"@acme pipelines {n}?") for n in range(6)]
    for made in asked:
        slack.chat_postMessage(channel="#s_verify", text=f"<@U00000004> {made['url']} support from an expert")
    calm.control("settle")
    answers = [t for t in calm.truth("twitter")["ours"] if t["author"] == "nadia_builds"]
    assert {t["in_reply_to"] for t in answers} <= {made["id"] for made in asked}
    assert answers
    assert calm.truth("slack")["ours"][-1]["user"] == "U00000004"


def test_an_update_is_kept_with_how_often_and_empty_blocks_clear(calm, slack):
    made = slack.chat_postMessage(channel="questions", text="one", blocks=[{"type": "divider"}])
    for text in ("two", "three"):
        slack.chat_update(channel=made["channel"], ts=made["ts"], text=text)
    posted = calm.truth("slack")["desk"][-1]
    assert (posted["text"], posted["edits"], posted["blocks"]) == ("three", 2, [{"type": "divider"}])
    slack.chat_update(channel=made["channel"], ts=made["ts"], text="four", blocks=[])
    shown = slack.conversations_history(channel=made["channel"], limit=1)["messages"][0]
    assert (shown["text"], shown["blocks"], "edited" in shown) == ("four", [], True)


def test_metadata_is_shown_only_when_asked_for(slack):
    beside = {"event_type": "x", "event_payload": {"key": "k"}}
    made = slack.chat_postMessage(channel="questions", text="with more", metadata=beside)
    pages = [
        slack.conversations_history(channel=made["channel"], limit=1, include_all_metadata=asked)["messages"][0]
        for asked in (False, True)
    ]
    assert [page.get("metadata") for page in pages] == [None, beside]


def test_a_reaction_is_no_edit_and_comes_once(slack):
    made = slack.chat_postMessage(channel="questions", text="react")
    where = {"channel": made["channel"], "timestamp": made["ts"]}
    slack.reactions_add(**where, name="ticket")
    with pytest.raises(SlackApiError) as refused:
        slack.reactions_add(**where, name="ticket")
    assert refused.value.response["error"] == "already_reacted"
    message = slack.reactions_get(**where)["message"]
    assert message["reactions"] == [{"name": "ticket", "users": [world.SLACK_BOT], "count": 1}]
    assert "edited" not in message


def test_a_deleted_message_with_answers_leaves_a_tombstone(slack):
    made = slack.chat_postMessage(channel="questions", text="root")
    slack.chat_postMessage(channel=made["channel"], thread_ts=made["ts"], text="below")
    alone = slack.chat_postMessage(channel="questions", text="alone")
    for ts in (made["ts"], alone["ts"]):
        slack.chat_delete(channel=made["channel"], ts=ts)
    shown = {m["ts"]: m.get("subtype") for m in slack.conversations_history(channel=made["channel"])["messages"]}
    assert shown[made["ts"]] == "tombstone"
    assert alone["ts"] not in shown


def test_colleagues_ask_and_emoji_make_a_mention(calm):
    asked = calm.post("slack", kind="question", to="swag")
    quiet = calm.post("slack", kind="emoji", to="swag")
    mentions = {entry["id"] for entry in calm.truth("slack")["mentions"]}
    assert asked["id"] in mentions
    assert quiet["id"] not in mentions
    requests.post(f"{calm.http_url}/slack/react", data={"id": quiet["id"]}, timeout=20)
    assert quiet["id"] in {entry["id"] for entry in calm.truth("slack")["mentions"]}
