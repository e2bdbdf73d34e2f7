"""YouTube's Data API over a real socket."""

from sandbox.platforms.youtube import api
from sandbox.platforms.youtube.cast import CLOSED, OWN, channel_of

PLATFORM = "youtube"

BEARER = {"Authorization": f"Bearer {api.ACCESS_TOKEN}"}


def test_a_thread_brings_some_replies_and_counts_all(calm, ask):
    top = calm.post("youtube", text="Is Acme <fast>?", author="ann")["id"]
    for number in range(3):
        calm.post("youtube", reply_to=top, text=f"Yes {number}", author="bob")
    thread = ask("commentThreads", id=top).json()["items"][0]
    assert thread["snippet"]["totalReplyCount"] == 3
    assert len(thread["replies"]["comments"]) == 2
    said = thread["snippet"]["topLevelComment"]["snippet"]
    assert (said["textDisplay"], said["textOriginal"]) == ("Is Acme &lt;fast&gt;?", "Is Acme <fast>?")
    replies = ask("comments", parentId=top).json()["items"]
    assert [r["snippet"]["textOriginal"] for r in replies] == ["Yes 0", "Yes 1", "Yes 2"]
    assert all(r["id"].startswith(f"{top}.") for r in replies)


def test_wrong_keys_and_tokens_are_refused(calm, ask, anybody):
    refused = ask("commentThreads", videoId="AcmeTenMins", key="wrong")
    assert refused.status_code == 400
    assert "API key not valid" in refused.json()["error"]["message"]
    url = f"{calm.http_url}/youtube/v3/comments?part=snippet"
    body = {"snippet": {"parentId": "x", "textOriginal": "y"}}
    assert anybody.post(url, json=body, timeout=20).status_code == 401
    form = {"client_id": api.CLIENT, "client_secret": api.CLIENT_SECRET, "refresh_token": "old"}
    token = anybody.post(f"{calm.http_url}/youtube/token", data=form, timeout=20)
    assert (token.status_code, token.json()["error"]) == (400, "invalid_grant")


def test_closed_and_missing_videos_say_why(ask):
    for video, status, reason in ((CLOSED, 403, "commentsDisabled"), ("none", 404, "videoNotFound")):
        refused = ask("commentThreads", videoId=video)
        assert refused.status_code == status
        assert refused.json()["error"]["errors"][0]["reason"] == reason


def test_a_full_page_has_a_next_one_that_may_be_empty(calm, ask):
    calm.post("youtube", text="Acme", author="ann")
    total = len(ask("commentThreads", allThreadsRelatedToChannelId=channel_of(OWN), maxResults=100).json()["items"])
    full = ask("commentThreads", allThreadsRelatedToChannelId=channel_of(OWN), maxResults=total).json()
    assert len(full["items"]) == total
    token = full["nextPageToken"]
    last = ask("commentThreads", allThreadsRelatedToChannelId=channel_of(OWN), maxResults=total, pageToken=token).json()
    assert last["items"] == []
    assert "nextPageToken" not in last


def test_a_reply_of_the_brand_is_seen_and_deleted(calm, anybody):
    top = calm.post("youtube", text="Is Acme fast?", author="ann")["id"]
    url = f"{calm.http_url}/youtube/v3/comments"
    body = {"snippet": {"parentId": top, "textOriginal": "It is."}}
    made = anybody.post(f"{url}?part=snippet", json=body, headers=BEARER, timeout=20).json()["id"]
    assert made in {entry["id"] for entry in calm.truth("youtube")["desk"]}
    assert anybody.delete(url, params={"id": top}, headers=BEARER, timeout=20).status_code == 403
    assert anybody.delete(url, params={"id": made}, headers=BEARER, timeout=20).status_code == 204
