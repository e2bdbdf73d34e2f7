"""Contributors and feedback in the page: a list is imported, somebody is marked beside a conversation, a wish goes to
its topic with one key; readable on a phone and in the dark."""

from playwright.sync_api import expect

from advocacy.tests.browser import marks
from advocacy.tests.test_browser_experts import readable

pytestmark = marks
LIST = (
    b"accounts,mark,name,region,email,since,because\n"
    b'"twitter=ana_demo, gitlab=ana_demo",contributor,Ana Lima,EMEA,ana@example.com,2024-05-01,https://gitlab.example/12\n'
    b"twitter=bo_demo,core,Bo Li,APAC,,,\n"
)
WRONG = b"accounts,mark\ntwiter=x,contributor\ntwitter=bo_demo,friend\n"


def test_a_list_says_what_is_wrong_then_what_it_changes_and_fills_the_page(windows, living):
    page = windows.open("mo", "/contributors/import/")
    windows.expect("status of 422")
    page.get_by_label("CSV file").set_input_files({"name": "w.csv", "mimeType": "text/csv", "buffer": WRONG})
    page.get_by_role("button", name="Preview changes").click()
    expect(page.get_by_text("there is no platform “twiter”")).to_be_visible()
    readable(page, "contributors-wrong")
    page.get_by_label("CSV file").set_input_files({"name": "l.csv", "mimeType": "text/csv", "buffer": LIST})
    page.get_by_role("button", name="Preview changes").click()
    readable(page, "contributors-plan")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("heading", name="EMEA")).to_be_visible()
    readable(page, "contributors")
    assert len(living.rows("SELECT 1 FROM mentions_mark WHERE source = 'list'")) == 2


def test_somebody_is_marked_beside_a_conversation_and_on_their_page(windows, living):
    ticket = living.rows("SELECT id, requester_id FROM mentions_ticket ORDER BY id LIMIT 1")[0]
    page = windows.open("sam", f"/tickets/{ticket['id']}/")
    page.get_by_label("Mark the requester").select_option("press")
    page.get_by_role("button", name="Mark", exact=True).click()
    expect(page.locator("aside .badge", has_text="press")).to_be_visible()
    page.goto(f"/authors/{ticket['requester_id']}/")
    readable(page, "author-marks")
    page.get_by_role("button", name="Remove press").click()
    expect(page.get_by_role("button", name="Mark as press")).to_be_visible()


def test_a_wish_goes_to_its_topic_with_one_key(windows, living):
    ticket = living.rows("SELECT id FROM mentions_ticket ORDER BY id DESC LIMIT 1")[0]["id"]
    page = windows.open("sam", f"/tickets/{ticket}/")
    page.locator("[data-key=b]").wait_for(state="attached")
    page.keyboard.press("b")
    page.get_by_role("heading", name="Feedback to product").wait_for()
    readable(page, "feedback-route")
    page.get_by_label("Topic").select_option(index=1)
    page.get_by_role("button", name="Send").click()
    page.wait_for_url(f"**/tickets/{ticket}/**")
    page.goto("/feedback/")
    readable(page, "feedback")
    page.get_by_role("button", name=f"#{ticket}: answered").click()
    expect(page.get_by_role("button", name=f"#{ticket}: open")).to_be_visible()
    assert living.rows(f"SELECT state FROM experts_feedback WHERE ticket_id = {int(ticket)}") == [{"state": "answered"}]
