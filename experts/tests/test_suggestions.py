from datetime import timedelta

import pytest

from experts.directory import post_authors
from experts.directory.suggestions import who_to_ask
from experts.models import PostAuthor
from experts.tests.factories import ExpertFactory, OutreachFactory, TopicFactory
from mentions.tests.factories import NOON, MessageFactory, TicketFactory

pytestmark = pytest.mark.django_db
TEXT = "Does the runner work behind a proxy?"


@pytest.fixture
def ticket():
    return TicketFactory()


@pytest.fixture
def verify():
    return TopicFactory(name="Verify", keywords=["runner", "pipeline"])


def asked_of(ticket, text=TEXT, now=NOON, most=9):
    return [candidate.asked for candidate in who_to_ask(ticket, text, now, most)]


def test_best_expert_comes_with_the_reason(ticket, verify):
    expert, busy = ExpertFactory(), ExpertFactory()
    for each in (expert, busy):
        each.topics.add(verify)
    OutreachFactory(expert=busy, asked_at=NOON - timedelta(days=1))
    answered = OutreachFactory(
        expert=expert, state="answered", asked_at=NOON - timedelta(days=9), answered_at=NOON - timedelta(days=9)
    )
    MessageFactory(ticket=answered.ticket, text="my runners hang")
    MessageFactory(ticket=ticket, text=TEXT)
    first, second, team = who_to_ask(ticket, TEXT, NOON)
    assert (first.asked, second.asked, team.asked) == (expert, busy, verify)
    assert first.kind == "expert"
    assert first.slack_channel == "#s_verify"
    assert list(first.reasons[:3]) == ["answered 1 like this", "Verify: runner", "working hours"]
    assert "1 open request" in second.reasons


def test_absent_and_inactive_people_are_never_suggested(ticket, verify):
    here = ExpertFactory(absent_from=(NOON + timedelta(days=1)).date(), absent_until=(NOON + timedelta(days=5)).date())
    away = ExpertFactory(absent_from=NOON.date(), absent_until=NOON.date())
    gone, since = ExpertFactory(is_active=False), ExpertFactory(absent_until=NOON.date())
    for expert in (here, away, gone, since):
        expert.topics.add(verify)
    verify.default_people.add(away, gone)
    assert asked_of(ticket) == [here, verify]


def test_nobody_is_asked_twice_about_a_ticket(ticket, verify):
    expert = ExpertFactory()
    expert.topics.add(verify)
    OutreachFactory(ticket=ticket, expert=expert, state="no_answer")
    OutreachFactory(ticket=ticket, expert=None, topic=verify, state="no_answer")
    assert asked_of(ticket) == []


def test_whoever_was_asked_in_vain_because_slack_refused_it_is_suggested_again(ticket, verify):
    expert = ExpertFactory()
    expert.topics.add(verify)
    OutreachFactory(ticket=ticket, expert=expert, state="no_answer", error="Slack cannot find that channel.")
    assert expert in asked_of(ticket)
    OutreachFactory(ticket=ticket, expert=expert, state="no_answer", slack_ts="1700.1")
    assert expert not in asked_of(ticket)


def test_people_above_and_below_the_topic_are_found_too_the_nearest_first(ticket):
    stage = TopicFactory(kind="stage")
    group = TopicFactory(kind="group", parent=stage, keywords=["runner"], slack_channel="")
    category = TopicFactory(parent=group, slack_channel="")
    other = TopicFactory(parent=stage)
    experts = {}
    for topic in (stage, group, category, other):
        experts[topic] = ExpertFactory()
        experts[topic].topics.add(topic)
    found = asked_of(ticket)
    assert found[0] == experts[group]
    assert set(found) == {experts[stage], experts[group], experts[category], group}
    assert who_to_ask(ticket, TEXT, NOON)[0].slack_channel == "#s_verify"


def test_default_person_of_the_stage_comes_first(ticket):
    stage = TopicFactory()
    group = TopicFactory(parent=stage, keywords=["runner"])
    knows, default = ExpertFactory(), ExpertFactory()
    knows.topics.add(group)
    stage.default_people.add(default)
    assert asked_of(ticket)[:2] == [default, knows]


def test_fallback_of_the_stage_is_offered_and_whoever_fits_best_if_nothing_does(ticket):
    evangelists = TopicFactory(name="Evangelists", kind="team")
    unsure = TopicFactory(duty="unsure")
    stage = TopicFactory(fallback=evangelists)
    TopicFactory(parent=stage, keywords=["runner"], slack_channel="", name="Runner")
    found = who_to_ask(ticket, TEXT, NOON)
    assert [each.asked.name for each in found] == ["Runner", "Evangelists"]
    assert found[1].reasons == ["fallback of Runner"]
    (only,) = who_to_ask(ticket, "hello", NOON)
    assert (only.asked, only.reasons) == (unsure, ["no other topic fits"])


def test_language_of_the_conversation_counts(verify):
    ticket = TicketFactory(language="de-AT")
    unknown, german, english = ExpertFactory(), ExpertFactory(languages="en, de"), ExpertFactory(languages="en")
    for expert in (unknown, german, english):
        expert.topics.add(verify)
    found = who_to_ask(ticket, TEXT, NOON)
    assert [each.asked for each in found[:3]] == [german, unknown, english]
    assert "speaks German" in found[0].reasons


def test_requests_spread_over_a_team_of_equals(verify):
    team = [ExpertFactory() for _ in range(4)]
    for expert in team:
        expert.topics.add(verify)
    for _ in range(12):
        OutreachFactory(expert=asked_of(TicketFactory())[0], asked_at=NOON - timedelta(hours=1))
    assert {expert.outreaches.count() for expert in team} == {3}


def test_author_of_the_post_comes_first(verify):
    author, other = ExpertFactory(person__name="Ana Lima"), ExpertFactory()
    other.topics.add(verify)
    ticket = comment("https://blog.acme.example/posts/1", "#comment-7")
    assert post_authors.read_new(NOON, lambda url: "Ana Lima") == 1
    first = who_to_ask(ticket, TEXT, NOON)[0]
    assert (first.asked, first.reasons[0]) == (author, "wrote this post")


def test_content_team_helps_with_posts_of_others(verify):
    content = TopicFactory(duty="blog")
    ticket = comment("https://blog.acme.example/posts/1", "#comment-7")
    assert content not in asked_of(ticket)
    post_authors.read_new(NOON, lambda url: "Somebody Else")
    found = who_to_ask(ticket, TEXT, NOON)
    assert (found[0].asked, found[0].reasons) == (content, ["the author of this post is not a colleague"])


def comment(page, fragment):
    ticket = TicketFactory(status="open")
    MessageFactory(ticket=ticket, url=page + fragment, page_url=page.removeprefix("https://"))
    return ticket


def test_only_comments_on_the_page_are_read_and_each_page_once(ticket):
    read = []
    comment("https://blog.acme.example/posts/1", "#comment-7")
    comment("https://blog.acme.example/posts/1", "#comment-8")
    MessageFactory(url="https://news.example/item?id=1", page_url="blog.acme.example/posts/2")
    assert post_authors.read_new(NOON, lambda url: read.append(url) or "") == 1
    assert post_authors.read_new(NOON + timedelta(hours=2), read.append) == 0
    assert read == ["https://blog.acme.example/posts/1"]
    assert post_authors.read_new(NOON + timedelta(days=8), lambda url: "") == 1
    TicketFactory._meta.model.objects.update(status="closed")
    assert post_authors.read_new(NOON + timedelta(days=100), lambda url: "") == 0
    assert not PostAuthor.objects.exists()


def test_a_page_that_cannot_be_read_is_tried_three_times():
    from channels.errors import Transient

    comment("https://blog.acme.example/posts/1", "#comment-7")

    def fail(url):
        raise Transient("no answer")

    assert [post_authors.read_new(NOON + timedelta(hours=2 * n), fail) for n in range(5)] == [1, 1, 1, 0, 0]


@pytest.mark.parametrize(
    ("line", "finds"),
    [
        ("Ana Lima", True),
        ("ana lima", True),
        ("Ben Other and Ana Lima", True),
        ("@ana", True),
        ("ana", False),
        ("", False),
        ("Ana Lima, Cyd Doe", False),
    ],
)
def test_author_line_names_one_expert(line, finds):
    ana = ExpertFactory(person__name="Ana Lima", slack_handle="ana")
    ExpertFactory(person__name="Cyd Doe")
    assert post_authors.expert_called(line) == (ana if finds else None)


def test_suggestions_cost_the_same_queries_for_many(ticket, verify, django_assert_max_num_queries):
    def fill(count):
        for _ in range(count):
            expert = ExpertFactory()
            expert.topics.add(verify, TopicFactory(keywords=["proxy"]))
            OutreachFactory(expert=expert)

    fill(2)
    with django_assert_max_num_queries(13) as few:
        who_to_ask(ticket, TEXT, NOON)
    fill(20)
    with django_assert_max_num_queries(len(few.captured_queries)):
        who_to_ask(ticket, TEXT, NOON)
