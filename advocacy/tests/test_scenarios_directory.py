"""The directory follows the company's own team page, and the author of a post is asked first, against the sandbox."""

import pytest

from advocacy.demo import team
from advocacy.tests import scenario
from advocacy.tests.asking import expert, mention
from audit.models import Entry
from experts.directory import post_authors
from experts.directory.suggestions import who_to_ask
from experts.models import Expert, TeamPage
from experts.people_lists import team_pages
from mentions.models import Person
from sandbox import world
from sandbox.platforms.disqus.articles import THREADS

desk, outside = scenario.desk, scenario.outside


@pytest.mark.parametrize("form", ["yml", "json"])
def test_team_page_is_read_with_nobody_doing_anything(desk, form):
    before = {member.name for member in world.EXPERTS}
    Expert.objects.filter(person__name="Yuki Sato").update(title="Intern", slack_id="")
    nadia = expert("nadia")
    nadia.topics.clear()
    team.page(desk.outside.http_url)
    TeamPage.objects.update(url=f"{desk.outside.http_url}/company/team.{form}")
    assert team_pages.read_due(desk.now()) == 1
    page = TeamPage.objects.get()
    assert (page.error, page.report["added"], page.report["missing"], page.report["problems"]) == ("", [], [], [])
    assert {each.person.name for each in Expert.objects.all()} == before  # the advocates stay the desk's own
    yuki = expert("yuki")
    assert (yuki.title, yuki.role, yuki.slack_id) == ("Technical Writer", "writer", "U00000014")
    assert {topic.name for topic in nadia.topics.all()} >= {"Runner"}
    people, entries = Person.objects.count(), Entry.objects.filter(kind="directory_changed").count()
    desk.wait(days=1)
    assert team_pages.read_due(desk.now()) == 1
    page.refresh_from_db()
    assert (page.report["added"], page.report["updated"]) == ([], [])
    assert (Person.objects.count(), Entry.objects.filter(kind="directory_changed").count()) == (people, entries)


def test_a_team_page_that_is_gone_is_shown_and_changes_nobody(desk):
    team.page(desk.outside.http_url)
    TeamPage.objects.update(url=f"{desk.outside.http_url}/company/nothing.yml")
    assert team_pages.read_due(desk.now()) == 0
    assert "404" in TeamPage.objects.get().error or "not found" in TeamPage.objects.get().error.lower()
    assert Expert.objects.filter(is_active=True).count() == len(world.EXPERTS)


@pytest.mark.parametrize(
    ("slug", "first", "reason"),
    [
        ("faster-pipelines", "Nadia Petrova", "wrote this post"),
        ("remote-reviews", "Content team", "the author of this post is not a colleague"),
    ],
)
def test_comment_on_a_post_suggests_its_author(desk, slug, first, reason):
    where = {"to": THREADS["acme-blog", slug], "guest": False, "pending": False}
    ticket = desk.ticket(mention(desk, "disqus", "What did this cost you?", **where))
    assert post_authors.read_new(desk.now()) >= 1
    best = who_to_ask(ticket, "What did this cost you?", desk.now())[0]
    assert (str(best.asked), best.reasons[0]) == (first, reason)
