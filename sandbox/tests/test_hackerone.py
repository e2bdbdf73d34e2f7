"""HackerOne's API over a real socket."""

import pytest

from sandbox.platforms.hackerone import IDENTIFIER, TOKEN


@pytest.fixture
def api(calm, anybody):
    def get(path, token=TOKEN, **query):
        url = f"{calm.http_url}/hackerone/v1/{path}"
        return anybody.get(url, params=query, auth=(IDENTIFIER, token), timeout=20)

    return get


def test_a_report_tells_its_activities_and_the_list_does_not(calm, api):
    made = calm.post("hackerone", text="1. look", title="A hole", author="rick")["id"]
    calm.control("answer", platform="hackerone", id=made, **{"as": "nadia"}, text="Thanks")
    report = api(f"reports/{made}").json()["data"]
    assert (report["id"], report["type"], report["attributes"]["state"]) == (made, "report", "new")
    (activity,) = report["relationships"]["activities"]["data"]
    assert (activity["type"], activity["attributes"]["message"]) == ("activity-comment", "Thanks")
    listed = api("reports", **{"filter[program][]": "acme"}).json()["data"]
    assert made in [each["id"] for each in listed]
    assert all("activities" not in each["relationships"] for each in listed)


def test_pages_go_on_by_links(calm, api):
    for _ in range(3):
        calm.post("hackerone", to="acme-labs")
    asked = {"filter[program][]": "acme-labs", "sort": "reports.last_activity_at", "page[size]": 2}
    first = api("reports", **asked).json()
    second = api("reports", **asked, **{"page[number]": 2}).json()
    assert "page%5Bnumber%5D=2" in first["links"]["next"]
    assert second["links"] == {}
    newest = second["data"][-1]["attributes"]["last_activity_at"]
    assert api("reports", **asked, **{"filter[last_activity_at__gt]": newest}).json()["data"] == []


def test_errors_are_at_the_top_or_under_data(calm, api):
    assert api("reports", token="no").json()["errors"][0]["status"] == 401
    strange = api("reports", **{"filter[program][]": "strange"})
    assert (strange.status_code, strange.json()["data"]["errors"][0]["status"]) == (200, 404)
    calm.control("faults", platform="hackerone", kind="429", count=1)
    assert api("reports").status_code == 429


def test_the_page_shows_the_report_and_its_answers(calm, anybody):
    made = calm.post("hackerone", text="Look at <this>")
    calm.control("answer", platform="hackerone", id=made["id"], **{"as": "nadia"}, text="We do.")
    shown = anybody.get(made["url"], timeout=20).text
    assert "Look at &lt;this&gt;" in shown
    assert "We do." in shown
