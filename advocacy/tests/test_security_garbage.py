"""Garbage for every input: refused with a message, never with a server error, and never slowly."""

import logging
import random
from urllib.parse import urljoin
from uuid import UUID, uuid4

import pytest
from django.core.cache import cache
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from advocacy.tests.attacked import client_of, named_urls, somebody, world
from channels.http.errors import detail_of, redact
from channels.tests.growth import assert_linear
from channels.toolkit.quotes import fold_quotes
from experts.models import Feedback, PossibleAnswer, TeamPage, Topic
from mentions.models import (
    CodeStock,
    Event,
    Issue,
    IssueLink,
    Message,
    Note,
    SwagRule,
    SwagSuggestion,
    Tag,
    Ticket,
)
from mentions.queue import claims
from mentions.search import query_language, similar
from mentions.tests.factories import PersonFactory, UserFactory
from mentions.text.rendering import body, linked, markdown
from mentions.text.sanitise import clean_mail
from metrics.models import Package
from team.models import HandOver, HandOverItem, Incident, IncidentBatch, IncidentMention, UrgentCall, VolunteerDay

GARBAGE = [
    "",
    "\0",
    "a\0b",
    "\ud800".encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
    "x" * 1000,
    "9" * 30,
    "-1",
    "٣",
    "²",
    "1e9",
    "NaN",
    "null",
    "https://[",
    "https://[::1",
    "../../..",
    "{}",
    "%(x)s{x}%s",
    "0001-01-01T00:00+14:00",
    "9999-12-31T23:59-12:00",
    "2026-02-30",
    "00000000-0000-0000-0000-000000000000",
    "'; DROP TABLE mentions_ticket; --",
    "\\",
    '"',
    "a:" * 200,
    "-" * 200,
    "😀" * 50,
]
WORST = ("", "\0", "a\0b", "9" * 30, "9" * 5000, "x" * 30_000, "https://[", "../..", "9999-12-31T23:59-12:00")
FIELDS = (
    *("token", "mode", "view", "key", "guard", "channel", "text", "status_after", "note", "reason", "waiting_on", "at"),
    *("until", "url", "add", "remove", "priority", "macro", "field-x", "theme", "time_zone", "shift", "has_keys"),
    *("state", "words", "expert", "topic", "slack_channel", "hours", "login", "password", "email", "next", "code"),
    *("q", "cursor", "after", "seen", "from", "to", "period", "figure", "day", "page", "high", "pictures"),
    *("ticket", "do", "tags", "into", "message"),
)
TAKES_OUTCOME = ("solve", "pending", "no-reply", "park", "hand-back", "answered", "reopen", "wake", "release")


@pytest.fixture
def desk(db, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    logging.disable(logging.ERROR)
    cache.clear()
    yield world()
    logging.disable(logging.NOTSET)


def linked_issue(shown):
    now, via = timezone.now(), shown.channel.connection
    issue = Issue.objects.create(
        connection=via, namespace="x", title="x", state="open", reference="5#1", key=uuid4(), created_at=now
    )
    return IssueLink.objects.create(ticket=shown.ticket, issue=issue, at=now)


def urgent_and_handed_over(shown):
    now, somebody = timezone.now(), UserFactory(role="advocate")
    call = UrgentCall.objects.create(ticket=shown.ticket, asked_at=now, priority_before=20)
    day = HandOver.objects.create(user=somebody, day=now.date())
    item = HandOverItem.objects.create(hand_over=day, ticket=shown.ticket, decision="pass", to=somebody, at=now)
    return {"call_id": call.pk, "item_id": item.pk, **an_incident(shown, somebody, now)}


def an_incident(shown, somebody, now):
    """An incident with the ticket's number, which every URL is called with."""
    found = Incident.objects.create(
        pk=shown.ticket.pk, name="Outage", state="over", words=["a"], started_at=now, opened_at=now, over_at=now
    )
    mention = IncidentMention.objects.create(incident=found, ticket=shown.ticket, by=somebody, at=now)
    values = {"key": uuid4(), "kind": "answer", "text": "Sorry!", "by": somebody, "at": now}
    return {
        "mention_id": mention.pk,
        "batch_id": IncidentBatch.objects.create(incident=found, **values).pk,
        "kind": "over",
    }


def of_people_and_reports(shown):
    now, person = timezone.now(), PersonFactory()
    topic = Topic.objects.create(slug="product", name="Product")
    feedback = Feedback.objects.create(topic=topic, ticket=shown.ticket, routed_at=now, state_at=now)
    rule = SwagRule.objects.create(name="Helped", when="helped")
    suggestion = SwagSuggestion.objects.create(rule=rule, person=person, ticket=shown.ticket, made_at=now)
    package = Package.objects.create(month=now.date().replace(day=1), zone="UTC", asked_at=now, channel_ids=[])
    return {"feedback_id": feedback.pk, "suggestion_id": suggestion.pk, "package_id": package.pk}


def a_volunteer():
    now, buddy = timezone.now(), UserFactory(role="advocate")
    invited = VolunteerDay.objects.create(
        user=UserFactory(role=None), day=now.date(), buddy=buddy, invited_by=buddy, invited_at=now, link_until=now
    )
    return {"volunteer_id": invited.pk}


def targets(desk):
    """Every URL of ours and of allauth, with existing rows."""
    shown = desk.shown
    values = {"ticket_id": shown.ticket.pk, "number": shown.ticket.pk, "outreach_id": shown.outreach.pk}
    values |= {"possible_id": PossibleAnswer.objects.latest("pk").pk, "expert_id": shown.outreach.expert_id}
    values |= {"link_id": linked_issue(shown).pk, "what": "assign", "code_id": 1}
    values |= urgent_and_handed_over(shown) | of_people_and_reports(shown) | a_volunteer()
    values["stock_id"] = CodeStock.objects.create(name="swag").pk
    values["page_id"] = TeamPage.objects.create(name="Team", url="https://team.acme.example/team.yml").pk
    values |= {"hook_id": UUID(int=0), "pk": shown.channel.pk, "verb": "poll", "lookup": 10**15}
    values |= {"view": "all", "name": "activity", "slug": "daily-activity", "form": "json", "outcome": "solve"}
    for name, pattern in named_urls():
        if name.startswith("admin:") or name in ("account_logout", "metrics:bundle", "healthz"):
            continue
        groups = list(pattern.pattern.regex.groupindex)
        for outcome in TAKES_OUTCOME if "outcome" in groups else ("solve",):
            verb = "send" if ":settle" in name else "poll"
            given = {group: {**values, "outcome": outcome, "verb": verb}.get(group, "x") for group in groups}
            yield reverse(name, kwargs=given)
    yield "/" + shown.outreach.path
    yield reverse("mentions:undo", args=[shown.reply.pk])
    yield reverse("mentions:delete_reply", args=[shown.reply.pk])


def broken(client, method, address, data):
    """The status if it is a server error; whatever the request did is rolled back."""
    with transaction.atomic():
        response = getattr(client, method)(address, data)
        status = response.status_code
        transaction.set_rollback(True)
    return status if status >= 500 else None


def sound_fields(desk, ticket):
    """The fields that our page sends."""
    return {
        "token": ticket.claim_token,
        "mode": "play",
        "view": "all",
        "key": uuid4(),
        "guard": 10**9,
        "text": "x",
        "channel": ticket.channel_id,
        "reason": "spam",
        "waiting_on": "question",
        "note": "why",
        "words": "x",
        "draft": "x",
        "base": 1,
        "approve": "yes",
        "month": "2026-10",
        "status_after": "solved",
        "macro": desk.macro.pk,
        "state": "draft",
        "figure": "mentions",
        "add": "x",
        "expert": desk.shown.outreach.expert_id,
        "hours": 24,
        "slack_channel": "#x",
        "priority": 40,
        "ticket": ticket.pk,
        "do": "tag",
        "tags": "x",
        "into": desk.secret.ticket.pk,
        "message": desk.shown.message.pk,
    }


def test_garbage_in_every_form_is_no_error_of_ours(desk):
    """Each request puts one piece of garbage into half of the fields and valid values into the rest, so that the first
    check doesn't hide the later ones. The half is drawn with a fixed seed."""
    draw = random.Random(20261121)
    boss = UserFactory(username="boss", is_superuser=True, is_staff=True)
    ticket = claims.claim(boss, desk.shown.ticket.pk, timezone.now())
    client = client_of(boss)
    found = []
    for address in targets(desk):
        for garbage in draw.sample(GARBAGE, 4):
            bad = dict.fromkeys(draw.sample(FIELDS, len(FIELDS) // 2), garbage)
            data = {**sound_fields(desk, ticket), **bad}
            if status := broken(client, "post", address, data) or broken(client, "get", address, data):
                found.append((status, address, garbage[:20]))
    assert found == []


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("reply/", "token view guard channel key text status_after"),
        ("macro/", "token macro view"),
        ("note/", "text view"),
        ("tags/", "add remove view"),
        ("priority/", "priority"),
        ("draft/", "text"),
        ("ask/", "expert topic token key text slack_channel hours"),
        ("leave/solve/", "token view"),
        ("merge/", "into"),
        ("split/", "message"),
        ("like/", "message view"),
        ("share/", "channel text key"),
        ("../../queue/change/", "ticket do tags priority reason view"),
        ("leave/no-reply/", "reason note"),
        ("leave/hand-back/", "note view"),
        ("leave/answered/", "url status_after"),
        ("leave/park/", "note at until waiting_on"),
    ],
)
def test_one_bad_field_among_sound_ones_is_no_error_of_ours(desk, path, names):
    boss = UserFactory(username="boss", is_superuser=True)
    ticket = claims.claim(boss, desk.shown.ticket.pk, timezone.now())
    client = client_of(boss)
    found = []
    for name in names.split():
        for garbage in WORST:
            data = {**sound_fields(desk, ticket), name: garbage}
            if status := broken(client, "post", urljoin(reverse("mentions:ticket", args=[ticket.pk]), path), data):
                found.append((status, name, garbage[:20]))
    assert found == []


@pytest.mark.parametrize(
    "address",
    [
        *("/tickets/99999999999999999999999/", "/tickets/" + "9" * 5000 + "/", "/tickets/-1/", "/tickets/%00/"),
        *("/authors/99999999999999999999/", "/attachments/9223372036854775808/", "/messages/0/html/"),
        *("/queue/%00/", "/queue/%ff%fe/", "/%c3%28", "/search/?q=%ff%fe", "/search/?q=%00", "/palette/?q=%00"),
        *("/queue/?after=%00", "/queue/?after=" + "9" * 5000, "/queue/?after=9999-12-31T23:59:59-12:00,1"),
        *("/queue/?after=0001-01-01T00:00:00%2B14:00,999999999999999999999", "/search/?q=x&cursor=99999999999999999"),
        *("/tickets/1/news/?seen=" + "9" * 5000, "/tickets/1/news/?seen=" + "9" * 30, "/tickets/1/news/?seen=%00"),
        *("/reports/tickets/?figure=mentions&page=" + "9" * 5000, "/reports/tickets/?figure=%00"),
        *("/reports/activity/?from=9999-12-31&to=9999-12-31", "/reports/activity/?from=0001-01-01&to=0001-01-01"),
        *("/reports/tickets/?figure=mentions&day=9999-12-31", "/reports/tickets/?figure=mentions&day=0001-01-01"),
        *(
            "/reports/activity/?from=" + "9" * 5000,
            "/reports/first-reply/?channel=%00",
            "/respond/%00/",
            "/respond/::/",
        ),
        *("/search/?q=" + "(" * 3000, "/search/?q=" + "a:b" * 300, "/search/?q=before:9999-12-31 after:0001-01-01"),
        *(
            "/admin/mentions/tag/?q=%00",
            "/admin/mentions/tag/%00/change/",
            "/admin/channels/inbounditem/?state__exact=x",
        ),
        "/admin/channels/connection/add/?platform=%00",
    ],
)
def test_strange_addresses_are_no_error_of_ours(desk, address):
    boss = UserFactory(is_superuser=True, is_staff=True)
    address = address.replace("/tickets/1/", f"/tickets/{desk.shown.ticket.pk}/")
    assert client_of(boss).get(address).status_code < 500


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_the_ends_of_time_are_no_error_in_any_zone(desk, zone, day):
    boss = UserFactory(is_superuser=True)
    client = client_of(boss)
    client.post("/me/", {"time_zone": zone, "theme": "", "shift": ""})
    for address in (f"/reports/activity/?from={day}&to={day}", f"/reports/tickets/?figure=mentions&day={day}"):
        assert client.get(address).status_code < 500


def test_a_page_of_garbage_leaves_no_trace(desk):
    volunteer = UserFactory(role="volunteer")
    client = client_of(volunteer)
    base = reverse("mentions:ticket", args=[desk.shown.ticket.pk])
    before = Note.objects.count(), Tag.objects.count(), Event.objects.count()
    assert "too long" in client.post(base + "note/", {"text": "x" * 20_001}, follow=True).content.decode()
    assert "empty" in client.post(base + "note/", {"text": "\0 \0"}, follow=True).content.decode()
    assert "At most" in client.post(base + "tags/", {"add": "1 2 " * 50}, follow=True).content.decode()
    assert (Note.objects.count(), Tag.objects.count(), Event.objects.count()) == before
    assert client.post(base + "note/", {"text": "x" * 3_000_000}).status_code == 400
    assert client.post(base + "note/", {f"f{n}": "x" for n in range(1500)}).status_code == 400


def test_what_an_expert_writes_is_bounded(desk):
    client = client_of(somebody("anonymous"))
    client.post("/" + desk.shown.outreach.path, {"state": "draft", "words": "y" * 100_000 + "\0"})
    assert max(map(len, Note.objects.values_list("text", flat=True))) < 6000


# --- time -----------------------------------------------------------------------------------------------------------

N = 20_000
SLOW = [
    "a-" * N,
    "token" * N,
    "<" * N,
    "<script" * N,
    "&" * N,
    "https://" * N,
    "https://x.example/" + "(" * N,
    "https://x.example/" + ")" * N,
    " https://x.example/a" * (N // 2),
    "[" * N,
    "](" * N,
    "`" * N + "x" + "`" * (N - 1),
    "*a_ " * N,
    "> " * N,
    ">" * N,
    "\n>" * N,
    "On " * N + "wrote:",
    "On 1.1.2026 " * N,
    "-" * N + "x",
    "_ " * N,
    "from: x\n" * N,
    "a@" * N,
    "sent from my " * N,
    '"' * N,
    "- " * N,
    "<b>" * N,
    "<div>" * N,
    "<table><tr><td>" * (N // 5),
    "<a href='x'>" * N,
    "<p style='" + "a:b;" * N + "'>",
    "\u202e" * N,
    "e\u0301" * N,
]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("text", SLOW, ids=lambda text: repr(text[:14]))
def test_no_text_takes_long(text):
    for work, most in (
        (linked, None),
        (body, None),
        (markdown, 20_000),
        (fold_quotes, None),
        (lambda text: clean_mail(text, {}), None),
        (query_language.parse, None),
        (similar.telling_words, None),
        (lambda text: detail_of(text.encode(), ["secret"]), None),
        (lambda text: redact(text, ["secret"]), 4000),
    ):
        assert_linear(lambda length, work=work: work(text[:length]), len(text[:most]))


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "part", ["<b><i><div>", "<div>", "<table><tr><td>", "<blockquote><p>", "<font><a href=x>", "<x>"]
)
def test_deep_nesting_neither_takes_long_nor_ends_the_process(part):
    assert_linear(lambda count: clean_mail(part * count, {}), 100_000)
    assert clean_mail(part * 100_000, {}).remote == 0


def test_a_long_honest_mail_is_laid_out():
    assert "too deeply" not in clean_mail("<table><tr><td><p>a<br>b</td></tr></table><p>c<li>d" * 5000, {}).html


@pytest.mark.timeout(60)
@pytest.mark.django_db
@pytest.mark.parametrize("text", SLOW[:12:2], ids=lambda text: repr(text[:14]))
def test_a_page_of_such_a_message_is_shown(text):
    w = world()
    Message.objects.filter(pk=w.shown.message.pk).update(text=text, html=text, subject=text[:1000])
    Ticket.objects.filter(pk=w.shown.ticket.pk).update(subject=text[:500])
    client = client_of(UserFactory(is_superuser=True))
    for address in ("/queue/", reverse("mentions:ticket", args=[w.shown.ticket.pk])):
        assert client.get(address).status_code == 200
    assert client.get(reverse("mentions:links", args=[w.shown.ticket.pk])).status_code == 200
