"""The status page's public API."""

PLATFORM = "statuspage"


def test_an_outage_has_updates_newest_first_until_it_is_over(calm, anybody, ask):
    made = calm.post("statuspage", kind="outage")
    incident = ask("incidents/unresolved.json").json()["incidents"][0]
    assert incident["incident_updates"][0]["id"] == made["id"]
    done = calm.control(
        "post", platform="statuspage", reply_to=made["id"], text="Fine again.<br />Sorry!", status="resolved"
    )
    incident = ask("incidents.json").json()["incidents"][0]
    assert [u["id"] for u in incident["incident_updates"]] == [done["id"], made["id"]]
    assert incident["status"] == "resolved"
    assert ask("summary.json").json()["incidents"] == []
    assert "Fine again." in anybody.get(done["url"], timeout=20).text
    assert [entry["id"] for entry in calm.truth("statuspage")["ours"]][-2:] == [made["id"], done["id"]]


def test_a_maintenance_is_in_a_list_of_its_own(calm, anybody, ask):
    made = calm.post("statuspage", kind="maintenance")
    found = ask("scheduled-maintenances.json").json()["scheduled_maintenances"]
    assert found[0]["incident_updates"][0]["id"] == made["id"]
    assert found[0]["scheduled_for"] < found[0]["scheduled_until"]


def test_faults_hit_the_api_and_not_the_page(calm, anybody, ask):
    calm.control("faults", platform="statuspage", kind="429", count=1)
    assert anybody.get(f"{calm.http_url}/statuspage/", timeout=20).status_code == 200
    refused = ask("incidents.json")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert ask("incidents.json").status_code == 200
