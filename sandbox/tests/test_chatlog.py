"""The chat room over Matrix's API, and as the log file of an IRC channel."""

from datetime import UTC, datetime

from sandbox.platforms.chatlog.names import ALIAS, ROOM

PLATFORM = "chatlog"


def test_the_timeline_is_read_backwards_and_forwards(calm, ask):
    first = ask(f"rooms/{ROOM}/messages", dir="b", limit=1).json()
    ids = [calm.post("chatlog", text=f"Acme {n}", author=f"u{n}")["id"].rpartition("/")[2] for n in range(3)]
    backwards = ask(f"rooms/{ROOM}/messages", dir="b", limit=2).json()
    assert [e["event_id"] for e in backwards["chunk"]] == ids[:0:-1]
    forwards = ask(f"rooms/{ROOM}/messages", dir="f", limit=100, **{"from": first["start"]}).json()
    assert [e["event_id"] for e in forwards["chunk"]] == ids
    ended = ask(f"rooms/{ROOM}/messages", dir="f", **{"from": forwards["end"]}).json()
    assert ended == {"chunk": [], "start": forwards["end"]}


def test_an_edit_is_bundled_and_a_redaction_empties(calm, ask):
    made = calm.post("chatlog", text="Acme is slow")
    event = made["id"].rpartition("/")[2]
    calm.control("edit", platform="chatlog", id=made["id"], text="Acme is fast")
    shown = ask(f"rooms/{ROOM}/context/{event}", limit=4).json()["event"]
    assert shown["unsigned"]["m.relations"]["m.replace"]["content"]["m.new_content"]["body"] == "Acme is fast"
    calm.control("delete", platform="chatlog", id=made["id"])
    shown = ask(f"rooms/{ROOM}/context/{event}", limit=4).json()["event"]
    assert (shown["content"], "redacted_because" in shown["unsigned"]) == ({}, True)


def test_what_is_not_allowed_has_matrix_names(calm, ask):
    assert ask(f"rooms/{ROOM}/messages", token="wrong").json()["errcode"] == "M_UNKNOWN_TOKEN"
    assert ask("account/whoami", token="").json()["errcode"] == "M_MISSING_TOKEN"
    assert ask("rooms/!other:x/messages").json()["errcode"] == "M_FORBIDDEN"
    assert ask("directory/room/%23nowhere:x").status_code == 404
    assert ask(f"directory/room/{ALIAS.replace('#', '%23')}").json()["room_id"] == ROOM
    calm.control("faults", platform="chatlog", kind="429", count=1)
    assert ask("account/whoami").json()["errcode"] == "M_LIMIT_EXCEEDED"


def test_the_log_of_the_day_holds_the_same_lines(calm, anybody):
    calm.post("chatlog", text="Acme in\ntwo lines", author="ada")
    day = datetime.now(UTC).date().isoformat()
    text = anybody.get(f"{calm.http_url}/chatlog/logs/acme/{day}.txt", timeout=20).text
    assert text.splitlines()[-1].endswith("<ada> Acme in two lines")
    assert anybody.get(f"{calm.http_url}/chatlog/logs/acme/1999-01-01.txt", timeout=20).status_code == 404
    assert "Acme in" in anybody.get(f"{calm.http_url}/chatlog/web/", timeout=20).text
