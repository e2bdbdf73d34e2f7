"""Discount and swag codes: each given once, even under concurrency, encrypted, and shown to nobody else."""

import threading
import uuid
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from channels.models import OutboundItem
from mentions.codes import stock as stocks
from mentions.macros import macros
from mentions.models import Code, CodeStock, Draft, Macro, Reply, Ticket
from mentions.replies import drafts
from mentions.tests.concurrency import together
from mentions.tests.factories import ChannelFactory, MessageFactory, TicketFactory, UserFactory
from mentions.tickets.transitions import OutcomeRefused

pytestmark = pytest.mark.django_db
NOW = timezone.now()
ACTIONS = [{"do": "give_code", "stock": "swag"}, {"do": "reply", "text": "Your code: {code}"}]


@pytest.fixture
def sam():
    return UserFactory(role="advocate")


@pytest.fixture
def swag(sam):
    made = CodeStock.objects.create(name="swag", warn_below=2)
    stocks.import_codes(made, "SWAG-1\nSWAG-2\nSWAG-3\n", sam, NOW)
    return made


@pytest.fixture
def macro():
    return Macro.objects.create(name="Merch::Code", actions=ACTIONS)


def by_mail(platform="email"):
    channel = ChannelFactory(connection__platform=platform)
    ticket = TicketFactory(channel=channel)
    MessageFactory(ticket=ticket, channel=channel, namespace=platform)
    return ticket


def text_of(macro, ticket, user):
    return macros.apply(macro, ticket.pk, user, None, now=NOW).reply_text


def test_paste_and_csv_are_read_and_nothing_is_imported_twice(swag, sam):
    done = stocks.import_codes(swag, 'code,worth\nSWAG-3,5\nNEW-1,5\n"NEW-2",5\n\nNEW-1\nhas space,1\nx\n', sam, NOW)
    assert (done.new, done.known, [line for line, _why in done.wrong]) == (2, 2, [7, 8])
    assert stocks.left(swag) == 5
    with pytest.raises(OutcomeRefused):
        stocks.import_codes(swag, "\n".join(f"CODE-{n}" for n in range(stocks.MAX_IMPORT + 1)), sam, NOW)


def test_codes_are_encrypted(swag):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM mentions_code WHERE mentions_code::text ILIKE '%SWAG-1%'")
        assert cursor.fetchone()[0] == 0


def test_macro_gives_one_and_the_same_again(swag, sam, macro):
    assert macros.check(ACTIONS) == []
    one, other = by_mail(), by_mail()
    assert text_of(macro, one, sam) == "Your code: SWAG-1"
    assert text_of(macro, one, sam) == "Your code: SWAG-1"
    assert text_of(macro, other, sam) == "Your code: SWAG-2"
    given = Code.objects.get(ticket=one)
    assert (given.given_by, given.given_at) == (sam, NOW)
    assert stocks.left(swag) == 1
    assert [e.data["name"] for e in one.events.filter(kind="code")] == ["swag"]


def test_the_variable_needs_its_action():
    assert macros.check([{"do": "reply", "text": "{code}"}])


def test_previews_take_nothing(swag, sam, macro):
    shown = macros.preview(macro, by_mail(), sam, NOW)
    assert "3 left" in shown.steps[0]
    assert stocks.left(swag) == 3


def test_an_empty_stock_changes_nothing_and_says_what_to_do(swag, sam, macro):
    Code.objects.all().delete()
    ticket = by_mail()
    with pytest.raises(OutcomeRefused, match="Import some"):
        text_of(macro, ticket, sam)
    assert not Draft.objects.exists()


def test_where_everybody_reads_no_code_is_given(swag, sam, macro):
    with pytest.raises(OutcomeRefused, match="by email"):
        text_of(macro, by_mail("twitter"), sam)
    assert stocks.left(swag) == 3


def test_volunteers_give_none_and_see_none(swag, macro):
    volunteer = UserFactory(role="volunteer")
    with pytest.raises(OutcomeRefused):
        text_of(macro, by_mail(), volunteer)
    client = Client()
    client.force_login(volunteer)
    assert client.get("/codes/").status_code == 403
    assert client.get(f"/codes/{swag.pk}/").status_code == 403


def test_put_back_only_while_nobody_can_have_read_it(swag, sam, macro):
    ticket = by_mail()
    text = text_of(macro, ticket, sam)
    code = Code.objects.get(ticket=ticket)
    with pytest.raises(OutcomeRefused, match="draft"):
        stocks.put_back(code.pk, sam, NOW)
    drafts.discard(ticket.pk, sam, NOW)
    reply = Reply.objects.create(
        ticket=ticket, author=sam, channel=ticket.channel, key=uuid.uuid4(), text=text, guard_message_id=0,
        state="scheduled", send_at=NOW, created_at=NOW, in_reply_to=ticket.messages.get(),
    )  # fmt: skip
    with pytest.raises(OutcomeRefused, match="has been sent"):
        stocks.put_back(code.pk, sam, NOW)
    Reply.objects.filter(pk=reply.pk).update(state="undone")
    for _ in range(2):
        stocks.put_back(code.pk, sam, NOW)
    assert stocks.left(swag) == 3
    assert text_of(macro, by_mail(), sam) == "Your code: SWAG-1"


def test_low_stock_is_announced_once_for_each_filling(swag, sam, macro, settings, django_capture_on_commit_callbacks):
    settings.TEAM_SLACK_CHANNEL = "#advocates"

    def give(times):
        for _ in range(times):
            with django_capture_on_commit_callbacks(execute=True):
                text_of(macro, by_mail(), sam)
        return list(OutboundItem.objects.filter(kind="slack").order_by("pk").values_list("payload__text", flat=True))

    assert give(1) == []
    assert give(2) == ["1 code is left in “swag”."]
    stocks.import_codes(swag, "SWAG-4\nSWAG-5", sam, NOW)
    assert give(2)[1:] == ["1 code is left in “swag”."]


def test_pages_import_count_and_show_no_code(swag, sam, macro):
    ticket = by_mail()
    text_of(macro, ticket, sam)
    client, admin = Client(), Client()
    client.force_login(sam)
    admin.force_login(UserFactory(role="admin"))
    drafts.discard(ticket.pk, sam, NOW)
    for page in ("/codes/", f"/codes/{swag.pk}/", f"/tickets/{ticket.pk}/"):
        assert "SWAG-" not in client.get(page).content.decode()
    assert f"#{ticket.pk}" in client.get(f"/codes/{swag.pk}/").content.decode()
    assert client.post(f"/codes/{swag.pk}/", {"codes": "MORE-1"}).status_code == 403
    assert admin.post(f"/codes/{swag.pk}/", {"codes": "MORE-1"}).status_code == 302
    assert admin.post(f"/codes/{swag.pk}/", {"codes": "MORE-2\nis wrong"}).status_code == 422
    assert swag.codes.count() == 5
    assert admin.post("/codes/", {"name": "discount", "warn_below": 3}).status_code == 302
    assert client.post("/codes/", {"name": "other", "warn_below": 3}).status_code == 403
    code = Code.objects.get(ticket=ticket)
    client.post(f"/tickets/{ticket.pk}/codes/{code.pk}/back/")
    assert not Code.objects.filter(ticket=ticket).exists()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_get_two_codes_and_the_low_stock_is_announced_once(settings):
    settings.TEAM_SLACK_CHANNEL = "#advocates"
    sam, stock = UserFactory(role="advocate"), CodeStock.objects.create(name="race", warn_below=2)
    stocks.import_codes(stock, "R-1\nR-2\nR-3", sam, NOW)
    barrier = threading.Barrier(2, timeout=20)

    def draw(ticket_id):
        with transaction.atomic():
            ticket = Ticket.objects.select_for_update().get(pk=ticket_id)
            barrier.wait()
            found = stocks.draw(stock, ticket, sam, NOW + timedelta(seconds=1))
            barrier.wait()  # neither has seen what the other took
        return found

    assert sorted(together(*[partial(draw, by_mail().pk) for _ in range(2)])) == ["R-1", "R-2"]
    (notice,) = OutboundItem.objects.filter(kind="slack")
    assert notice.payload["text"] == "1 code is left in “race”."


@pytest.mark.django_db(transaction=True)
def test_double_click_on_import_says_once_how_many_are_new():
    sam, stock = UserFactory(role="admin"), CodeStock.objects.create(name="race")
    text = "\n".join(f"R-{number}" for number in range(500))
    done = together(*[partial(stocks.import_codes, stock, text, sam, NOW)] * 2)
    assert sorted((each.new, each.known) for each in done) == [(0, 500), (500, 0)]
