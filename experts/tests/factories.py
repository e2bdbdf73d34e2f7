from __future__ import annotations

import factory
from factory.django import DjangoModelFactory

from experts.models import CommunityShare, Expert, Outreach, Topic
from mentions.tests.factories import NOON, PersonFactory, TicketFactory


class TopicFactory(DjangoModelFactory):
    class Meta:
        model = Topic

    name = factory.Sequence(lambda n: f"Topic {n}")
    slug = factory.Sequence(lambda n: f"topic-{n}")
    slack_channel = "#s_verify"


class ExpertFactory(DjangoModelFactory):
    class Meta:
        model = Expert

    person = factory.SubFactory(PersonFactory, is_us=True)
    slack_handle = factory.Sequence(lambda n: f"expert{n}")
    slack_id = factory.Sequence(lambda n: f"U{n:06}")


class OutreachFactory(DjangoModelFactory):
    class Meta:
        model = Outreach

    ticket = factory.SubFactory(TicketFactory, status="open", waiting_on="expert")
    expert = factory.SubFactory(ExpertFactory)
    text = "support from an expert"
    slack_channel = "#s_verify"
    asked_at = NOON


class CommunityShareFactory(DjangoModelFactory):
    class Meta:
        model = CommunityShare

    ticket = factory.SubFactory(TicketFactory)
    shared_at = NOON
    slack_channel = "#community-involvement"
