"""The matcher on 500 labelled answers and look-alikes, through the inbox and ingest as in production.

Applied silently: the request ends. Asked: the ticket asks whether that was the answer. Missed: neither.
"""

from collections import Counter, defaultdict
from datetime import timedelta
from uuid import uuid4

import pytest

from experts.models import Outreach, PossibleAnswer
from experts.outreach import answers
from experts.tests.factories import ExpertFactory, OutreachFactory, TopicFactory
from experts.tests.labelled_answers import ANSWER, OTHER, cases
from mentions.ingest.batch import ingest_pending
from mentions.models import Account, Message, Person, Reply, Ticket
from mentions.tests.conftest import nobody_nudged, platforms  # noqa: F401  (fixtures)
from mentions.tests.factories import NOON, ChannelFactory, PersonFactory, UserFactory
from mentions.tests.platforms import arrive, connection_with

pytestmark = pytest.mark.django_db

LEAST_RECOGNISED = 0.98
MOST_ASKED = 0.2
"""Share of the look-alikes; each one costs an advocate a glance."""


@pytest.fixture
def places(db, platforms):  # noqa: F811
    ChannelFactory(address="@acme")
    return {False: connection_with("testforum"), True: connection_with("testmail")}


def test_500_labelled_answers_and_look_alikes(places, nobody_nudged):  # noqa: F811
    every = list(cases())
    assert Counter(case.label for case in every) == {ANSWER: 250, OTHER: 250}
    experts = {case.expert.name: ExpertFactory(person__name=case.expert.name) for case in every}
    for case in every:
        know(case, experts)
    take_in(places, every, "before")
    asked = {id(case): ask(case, experts) for case in every}
    take_in(places, every, "after")
    for case in every:
        send_and_end(case, asked[id(case)])
    recognise()
    came = defaultdict(Counter)
    for case in every:
        came[case.key][outcome(case, asked[id(case)])] += 1
    labels = {case.key: case.label for case in every}
    answered = sum((came[key] for key, label in labels.items() if label == ANSWER), Counter())
    alike = sum((came[key] for key, label in labels.items() if label == OTHER), Counter())
    assert not alike["applied"], {key: came[key] for key in came if labels[key] == OTHER and came[key]["applied"]}
    missed = {key: came[key] for key in came if labels[key] == ANSWER and came[key]["missed"]}
    assert answered.total() - answered["missed"] >= LEAST_RECOGNISED * answered.total(), missed
    assert alike["asked"] <= MOST_ASKED * alike.total(), {k: came[k] for k in came if labels[k] == OTHER}


def know(case, experts):
    """Makes our accounts in the case known to the desk."""
    for account, says in case.people.items():
        kind, _, name = says.rpartition(":")
        person = experts[name].person if name in experts else None
        if kind == "brand":
            person = Person.objects.filter(accounts__namespace="brand").first()
        if person is None:
            user = UserFactory(role="advocate") if kind == "user" else None
            person = PersonFactory(name=name, is_us=True, user=user)
        if kind == "brand":
            Account.objects.get_or_create(namespace="brand", handle="acme", defaults={"person": person})
        if kind == "expert":
            ExpertFactory(person=person)
        Account.objects.create(person=person, namespace="testmail" if case.mail else "testforum", handle=account)


def take_in(places, every, when):
    for mail, place in places.items():
        here = [case for case in every if case.mail is mail]
        posts = {True: [], False: []}
        for case in here:
            for post in getattr(case, when):
                is_last = when == "after" and post is case.after[-1]
                found = mail or post["external_id"] == case.id("q") or (is_last and case.is_found_by_search)
                posts[found or case.also_asked_on == post["external_id"]].append(post)
        arrive(place, posts[True], minutes=when == "after" and 60)
        ingest_all()
        arrive(place, posts[False], role="thread", minutes=when == "after" and 60)
        ingest_all()


def ingest_all():
    while ingest_pending(limit=1000).taken:
        pass


def ticket_of(case, name):
    message = Message.objects.get(external_id=case.id(name))
    return Ticket.objects.get(pk=message.ticket_id)


def ask(case, experts):
    whom = {"expert": experts[case.expert.name]}
    if case.asks == "topic":
        whom = {"expert": None, "topic": TopicFactory()}
    if case.also_asked_on:
        OutreachFactory(ticket=ticket_of(case, "other"), **whom)
    return OutreachFactory(ticket=ticket_of(case, "q"), draft=case.draft, **whom)


def send_and_end(case, outreach):
    if case.sent_by_desk:
        message = Message.objects.get(external_id=case.id("end"))
        Reply.objects.create(
            ticket=outreach.ticket,
            channel=outreach.ticket.channel,
            message=message,
            state="sent",
            key=uuid4(),
            guard_message_id=0,
            send_at=NOON,
            created_at=NOON,
        )
    if case.ended_days:
        last = max(post["posted_at"] for post in case.after)
        at = Message.objects.get(external_id=case.id("end")).posted_at if last else NOON
        Outreach.objects.filter(pk=outreach.pk).update(
            state=Outreach.State.NO_ANSWER, asked_at=at - timedelta(days=case.ended_days)
        )


def recognise():
    """As the tasks do: first the messages that came in, then the sweep."""
    for message in Message.objects.order_by("posted_at"):
        answers.recognise([message.pk], message.posted_at + timedelta(minutes=5))
    while answers.sweep(NOON + timedelta(days=40)):
        pass


def outcome(case, outreach):
    outreach.refresh_from_db()
    end = Message.objects.filter(external_id=case.id("end")).first()
    if end is not None and outreach.answer_id == end.pk:
        return "applied"
    if end is not None and PossibleAnswer.objects.filter(outreach=outreach, message=end).exists():
        return "asked"
    return "missed"
