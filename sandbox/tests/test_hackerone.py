"""HackerOne's API over a real socket."""

PLATFORM = "hackerone"


def test_a_report_tells_its_activities_and_the_list_does_not(calm, ask):
    made = calm.post("hackerone", text="1. look", title="A hole", author="rick")["id"]
    calm.control("answer", platform="hackerone", id=made, **{"as": "nadia"}, text="Thanks")
    report = ask(f"reports/{made}").json()["data"]
    assert (report["id"], report["type"], report["attributes"]["state"]) == (made, "report", "new")
    (activity,) = report["relationships"]["activities"]["data"]
    assert (activity["type"], activity["attributes"]["message"]) == ("activity-comment", "Thanks")
    listed = ask("reports", **{"filter[program][]": "acme"}).json()["data"]
    assert made in [each["id"] for each in listed]
    assert all("activities" not in each["relationships"] for each in listed)


def test_pages_go_on_by_links(calm, ask):
    for _ in range(3):
        calm.post("hackerone", to="acme-labs")
    asked = {"filter[program][]": "acme-labs", "sort": "reports.last_activity_at", "page[size]": 2}
    first = ask("reports", **asked).json()
    second = ask("reports", **asked, **{"page[number]": 2}).json()
    assert "page%5Bnumber%5D=2" in first["links"]["next"]
    assert second["links"] == {}
    newest = second["data"][-1]["attributes"]["last_activity_at"]
    assert ask("reports", **asked, **{"filter[last_activity_at__gt]": newest}).json()["data"] == []


def test_errors_are_at_the_top_or_under_data(calm, ask):
    assert ask("reports", token="no").json()["errors"][0]["status"] == 401
    strange = ask("reports", **{"filter[program][]": "strange"})
    assert (strange.status_code, strange.json()["data"]["errors"][0]["status"]) == (200, 404)
    calm.control("faults", platform="hackerone", kind="429", count=1)
    assert ask("reports").status_code == 429


def test_the_page_shows_the_report_and_its_answers(calm, anybody):
    made = calm.post("hackerone", text="Look at <this>")
    calm.control("answer", platform="hackerone", id=made["id"], **{"as": "nadia"}, text="We do.")
    shown = anybody.get(made["url"], timeout=20).text
    assert "Look at &lt;this&gt;" in shown
    assert "We do." in shown
