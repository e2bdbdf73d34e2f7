"""Parties of the simulated week: an incident from the status page to its report, and a volunteer for a day. Each has
its steps (a person's actions on the pages, without an extra click) and its Slack posts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from advocacy.tests.simulated_beat import Beat
from advocacy.tests.simulated_week import AMS, NYC, Team, member
from channels.secrets import vault
from mentions.models import Account, Person, Preference, Reply, Ticket
from mentions.people import access
from mentions.queue import claims
from mentions.tests.factories import AuthorFactory, ChannelFactory, ConnectionFactory, MessageFactory, UserFactory
from mentions.tests.replying import submit
from team import shifts
from team.models import Incident, IncidentReply
from team.tests.test_volunteers import GOOD
from team.volunteers import inviting

PAGE = "https://status.acme.example"
NAME = "Pipelines are stuck"
ASKERS = ("ada", "ben", "cleo", "dan", "eve", "finn", "gus", "ada")
"""Who writes about the outage; one of them twice."""
VOLUNTEER = "grace"


def mailbox(outside: Any) -> Any:
    """A channel that answers by mail, through the sandbox's server."""
    email = outside.access()["email"]
    secrets = {name: vault.seal(value) for name, value in email["secrets"].items()}
    connection = ConnectionFactory(platform="email", settings=email["settings"], secrets=secrets)
    return ChannelFactory(connection=connection, name="Mail", slug="mail", address="community@acme.example", rank=10)


def asked(team: Team, channel: Any, who: str, text: str, now: datetime) -> Ticket:
    """A customer's mail, as ingest would store it."""
    address = f"{who}@customer.example"
    requester = AuthorFactory._meta.model.objects.filter(namespace="email", external_id=address).first()
    requester = requester or AuthorFactory(namespace="email", external_id=address, handle=address, name=who.title())
    ticket = team.mention(text, now, channel, requester=requester)
    message = ticket.messages.get()
    message.namespace, message.external_id = "email", f"{ticket.pk}@customer.example"
    message.extra = {"reply_to": [], "to": [channel.address], "cc": [], "references": []}
    message.save()
    return ticket


@dataclass
class Outage:
    """Wednesday: opened by the status page; Maria groups and answers eight mentions by seven people in three steps."""

    team: Team
    mail: Any
    page: Any = field(default_factory=lambda: ChannelFactory(
        connection=ConnectionFactory(platform="statuspage", settings={"api_base": PAGE}), is_default=True
    ))  # fmt: skip

    def steps(self) -> dict[datetime, Any]:
        at = self.team.week.at
        return {
            at(0, "09:58"): lambda now: [self._ask(who, now) for who in ASKERS],
            at(0, "10:00"): lambda now: self._status("investigating", now),
            at(0, "10:05"): self._group_and_answer,
            at(0, "10:07"): lambda now: self._sent("answer", "pending"),
            at(0, "11:00"): lambda now: self._status("resolved", now),
            at(0, "11:05"): lambda now: self._tell("over"),
            at(0, "11:07"): lambda now: self._sent("over", "solved"),
        }

    def _ask(self, who: str, now: datetime) -> Ticket:
        return asked(self.team, self.mail, who, "Pipelines are down?", now)

    def _status(self, state: str, now: datetime) -> None:
        MessageFactory(
            ticket=None, channel=self.page, namespace="statuspage:status.acme.example", external_id=f"inc1-{state}",
            thread_id="inc1", direction="team", subject=NAME, text=state, url=f"{PAGE}/incidents/inc1",
            extra={"status": state}, posted_at=now,
        )  # fmt: skip

    def _maria(self) -> Client:
        client = Client()
        client.force_login(self.team.people["maria"])
        return client

    def _group_and_answer(self, now: datetime) -> None:
        client, number = self._maria(), Incident.objects.get().pk
        proposed = client.get(f"/incidents/{number}/").context["proposed"]
        assert len(proposed) == len(ASKERS)
        whys = {f"why-{each.ticket.pk}": each.why for each in proposed}
        client.post(f"/incidents/{number}/mentions/", {"ticket": [each.ticket.pk for each in proposed], **whys})
        self._tell("answer")

    def _tell(self, kind: str) -> None:
        client, address = self._maria(), f"/incidents/{Incident.objects.get().pk}/reply/{kind}/"
        shown = client.get(address).context
        lines = [line for line, is_chosen in shown["lines"] if is_chosen]
        form = {name: shown[name] for name in ("text", "shown", "key")}
        guards = {f"guard-{line.ticket.pk}": line.guard for line in lines}
        after = {"status_after": shown["after"], "ticket": [line.ticket.pk for line in lines], "send": "yes"}
        assert client.post(address, {**form, **guards, **after}).status_code == 302

    def _sent(self, kind: str, status: str) -> None:
        replies = IncidentReply.objects.filter(kind=kind, reply__state="sent")
        assert replies.count() == len(set(ASKERS))
        assert set(replies.values_list("ticket__status", flat=True)) == {status}

    def announcements(self) -> list[tuple[datetime, str, str]]:
        at = self.team.week.at
        room = "incident-management"
        return [
            (at(0, "10:00"), "community-advocates", f"Incident “{NAME}”: group its mentions"),
            (at(0, "10:00"), room, f"Incident “{NAME}”: the community advocates are collecting"),
            (at(0, "11:00"), "community-advocates", f"“{NAME}” is over.* Tell the 7 people we answered"),
            (at(0, "11:00"), room, f"“{NAME}” is over. The community advocates are telling"),
            # Nobody closes it: it closes by itself three days after the last bulk reply, and is reported once.
            (
                at(3, "11:07"),
                "community-advocates",
                "Incident report for .*: 8 mentions, 7 answered, 1 not",
            ),
        ]


@dataclass
class Help:
    """Maria takes Monday off; Grace in New York is invited, accepts, trains, and helps on that day."""

    team: Team
    mail: Any
    beat: Beat
    found: dict[str, Ticket] = field(default_factory=dict)

    def __post_init__(self) -> None:
        who = member(VOLUNTEER)
        first, last = who.name.split()
        self.user = UserFactory(username=VOLUNTEER, first_name=first, last_name=last)
        Preference.objects.create(user=self.user, time_zone=NYC)
        person = Person.objects.create(name=who.name, is_us=True, user=self.user)
        Account.objects.create(person=person, namespace="slack:T0ACME", handle=who.slack_id)

    def steps(self) -> dict[datetime, Any]:
        at = self.team.week.at
        return {
            at(0, "09:00"): lambda now: shifts.add_absence(self.team.people["maria"], *[self.team.week.day(5)] * 2),
            at(0, "09:10", NYC): self._invite,
            at(0, "10:40", NYC): self._accept,
            at(1, "10:00", NYC): self._train,
            at(5, "00:00", NYC) - (at(0, "00:01") - at(0, "00:00")): lambda now: self._plays(False),
            at(5, "00:01", NYC): lambda now: self._plays(True),
            at(5, "10:00", NYC): lambda now: self._keep(asked(self.team, self.mail, "hal", "How do I start?", now)),
            at(5, "10:05", NYC): self._answer,
            at(5, "23:59", NYC): lambda now: self._plays(True),
            at(6, "00:00", NYC): lambda now: self._plays(False),
        }

    def _invite(self, now: datetime) -> None:
        client = Client()
        client.force_login(self.team.people["sam"])
        form = {"user": self.user.pk, "day": self.team.week.day(5).isoformat(), "buddy": self.team.people["sam"].pk}
        assert client.post("/volunteers/invite/", form).status_code == 302

    def _accept(self, now: datetime) -> None:
        """Through the link in the message, without logging in."""
        links = [found[0] for said in self.beat.said if (found := re.search(r"/volunteers/answer/[^/\s]+/", said.text))]
        assert len(links) == 1
        assert Client().post(links[0], {"do": "accept"}).status_code == 200

    def _train(self, now: datetime) -> None:
        client = Client()
        client.force_login(self.user)
        for slug, (way, fields) in GOOD.items():
            assert client.post(f"/volunteers/training/{slug}/{way}", fields).status_code == 302
        assert "All solved" in client.get("/volunteers/training/").content.decode()

    def _fresh(self) -> User:
        return User.objects.get(pk=self.user.pk)

    def _plays(self, may: bool) -> None:
        assert self._fresh().has_perm(access.PLAY) is may

    def _keep(self, ticket: Ticket) -> None:
        self.found["asked"] = ticket

    def _answer(self, now: datetime) -> None:
        ticket, user = self.found["asked"], self._fresh()
        token = claims.claim(user, ticket.pk, now).claim_token
        submit(ticket, user, token=token, now=now)

    def announcements(self) -> list[tuple[datetime, str, str]]:
        at, team = self.team.week.at, "community-advocates"
        day = r"\n• Monday, [^\n]*"
        return [
            (at(0, "12:00"), team, f"On these days an advocate is away:{day}: 0 of 2 volunteers"),
            (at(0, "09:10", NYC), VOLUNTEER, "Sam Okafor asks you to be an advocate for a day on Monday"),
            (at(0, "10:40", NYC), VOLUNTEER, "You are an advocate for a day on Monday"),
            # The buddy's day is over by then.
            (at(1, "08:00", AMS), "sam", "Grace Adeyemi is an advocate for a day on Monday"),
            # Friday is a holiday: Thursday is the working day before Monday.
            (at(1, "12:00"), team, f"There are still too few volunteers:{day}: 1 of 2 volunteers"),
            (at(5, "08:00", NYC), VOLUNTEER, "Today you are an advocate for a day"),
            (at(6, "08:00", NYC), VOLUNTEER, "Thank you for being an advocate for a day"),
            (at(6, "08:00", NYC), team, "Thank you, <@U00000012>, for being an advocate for a day! 1 answer sent"),
        ]

    def is_awake(self, now: datetime) -> bool:
        at = self.team.week.at
        return any(at(day, "08:00", NYC) <= now < at(day, "20:00", NYC) for day in range(-1, 8))

    def is_settled(self) -> bool:
        """Whether everything planned for the day has ended."""
        day = inviting.VolunteerDay.objects.get()
        sent = Reply.objects.filter(author=self.user, state="sent").count()
        return day.thanked_at is not None and not self._fresh().groups.exists() and sent == 1
