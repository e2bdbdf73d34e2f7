"""The feeds over a real socket."""

import json
from xml.etree import ElementTree

PLATFORM = "feed"

ATOM = "{http://www.w3.org/2005/Atom}"


def test_alerts_lead_through_a_redirect_and_show_in_bold(calm, ask):
    made = calm.post("feed", to="alerts.xml", title="Acme & others", text="About Acme.")
    entry = ElementTree.fromstring(ask("alerts.xml").content).find(f"{ATOM}entry")
    assert made["id"].endswith(entry.findtext(f"{ATOM}id"))
    assert entry.findtext(f"{ATOM}title") == "<b>Acme</b> &amp; others"
    assert entry.find(f"{ATOM}link").get("href").startswith("https://www.google.com/url?")


def test_nothing_new_is_304(calm, ask):
    calm.post("feed", to="notes.json", title="One", text="About Acme.")
    first = ask("notes.json")
    assert ask("notes.json", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    calm.post("feed", to="notes.json", title="Two", text="More about Acme.")
    again = ask("notes.json", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200
    assert [item["title"] for item in json.loads(again.content)["items"]] == ["Two", "One"]


def test_answers_on_the_list_are_entries_and_elsewhere_comments(calm, ask):
    asked = calm.post("feed", to="list.xml", title="Acme hangs", text="Why?")["id"]
    calm.control("answer", platform="feed", id=asked, **{"as": "nadia"}, text="Like so.")
    titles = [item.findtext("title") for item in ElementTree.fromstring(ask("list.xml").content).iter("item")]
    assert titles[0] == "Re: Acme hangs"
    blogged = calm.post("feed", to="planet.xml", title="On Acme", text="Nice.")
    calm.control("answer", platform="feed", id=blogged["id"], **{"as": "nadia"}, text="Thank you.")
    assert b"Thank you." not in ask("planet.xml").content
    assert b"Thank you." in ask(blogged["url"].partition("/feeds/")[2]).content


def test_an_edit_changes_the_entry_and_a_deletion_takes_it_out(calm, ask):
    made = calm.post("feed", to="planet.xml", title="On Acme", text="Before.")["id"]
    calm.control("edit", platform="feed", id=made, text="After.")
    assert b"After." in ask("planet.xml").content
    calm.control("delete", platform="feed", id=made)
    assert b"After." not in ask("planet.xml").content
