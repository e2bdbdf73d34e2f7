"""Two handles of one connection may post the same text under the same post: each reply matches its own."""

import pytest

from channels.models import Channel, OutboundItem
from channels.outbox import outbox
from channels.tests.factories import make_connection, make_reply

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_handles():
    connection = make_connection()
    for address, own_id in (("acme", "77"), ("acmestatus", "78")):
        Channel.objects.create(
            connection=connection, name=address, slug=address, address=address, settings={"user_id": own_id}
        )
    return connection


def uncertain(connection, sender):
    item = make_reply(
        connection, conversation=sender, payload={"text": "Thanks!", "in_reply_to": "q", "sender": sender}
    )
    OutboundItem.objects.filter(pk=item.pk).update(state="uncertain")
    return item


@pytest.mark.parametrize("name", ["acmestatus", "@AcmeStatus", "78"])
def test_post_of_another_handle_settles_its_own_item(two_handles, name):
    first, second = uncertain(two_handles, "acme"), uncertain(two_handles, "acmestatus")
    found = outbox.settle_by_own_posts(two_handles.pk, [("p1", "q", "Thanks!", frozenset([name]))])
    assert found == {"p1": second.pk}
    first.refresh_from_db()
    assert first.state == "uncertain"


@pytest.mark.parametrize("names", [frozenset(), frozenset(["somebody"])])
def test_name_that_is_none_of_our_handles_proves_nothing(two_handles, names):
    item = uncertain(two_handles, "acme")
    assert outbox.settle_by_own_posts(two_handles.pk, [("p1", "q", "Thanks!", names)]) == {"p1": item.pk}
