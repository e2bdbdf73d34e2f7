"""Suggests who to ask about a ticket, each with the reasons in words: owners of its subject, those on call for it,
other people by `ranking`, then teams."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from experts.directory import finding, post_authors, ranking, reasons, tree, working_hours, workload
from experts.directory.ranking import ExpertFacts
from experts.models import Expert, Outreach, Topic
from mentions.models import Ticket

MAX_TOPICS = 6
NEVER_POSTED = {"state": Outreach.State.NO_ANSWER, "slack_ts": "", "error__gt": ""}
"""Of a request that Slack refused: nobody has read it."""
Owners = Callable[[Ticket, str], Mapping[int, str]]
"""(ticket, its text) → user id → why to ask them first."""
_owners: list[Owners] = []
OnCall = Callable[[Ticket, str, datetime], Mapping[int, str]]
"""(ticket, what was said in it, now) → expert id → what they are on call for, if the ticket is about it."""
_on_call: list[OnCall] = []
MAX_ON_CALL = 2
"""Others who know about the topic are suggested, too."""


def register_owners(find: Owners) -> None:
    """For upper floors that know who owns a ticket's subject."""
    if find not in _owners:
        _owners.append(find)


def register_on_call(find: OnCall) -> None:
    """For upper floors that know which experts are on call."""
    if find not in _on_call:
        _on_call.append(find)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Somebody to ask: an expert or a team. `slack_channel` may be empty for an expert."""

    asked: Expert | Topic
    reasons: Sequence[str]
    slack_channel: str = ""
    topic: Topic | None = None
    """The conversation's topic that led to them."""

    @property
    def kind(self) -> str:
        """`expert` or `topic`: the parameter of the page that asks."""
        return "expert" if isinstance(self.asked, Expert) else "topic"


@dataclass(frozen=True, slots=True)
class _Lead:
    """How a topic of the tree relates to the conversation."""

    topic: Topic
    words: tuple[str, ...]
    distance: int


@dataclass(slots=True)
class _Search:
    """One search for suggestions: what it has read so far."""

    ticket: Ticket
    now: datetime
    topics: Mapping[int, Topic]
    matched: list[tuple[Topic, tuple[str, ...]]]
    author: post_authors.KnownAuthor
    leads: dict[int, _Lead] = field(default_factory=dict)
    asked_experts: set[int] = field(default_factory=set)
    asked_topics: set[int] = field(default_factory=set)

    @property
    def language(self) -> str:
        return self.ticket.language.lower().replace("_", "-").partition("-")[0]


def who_to_ask(ticket: Ticket, text: str, now: datetime, most: int = 4) -> list[Suggestion]:
    """Suggestions for the ticket, best first; `text`: of its messages. Without people who are absent or already asked
    about this ticket. At most eleven queries plus those of `register_owners` and `register_on_call`, however many
    experts and topics."""
    search = _begin(ticket, text, now)
    ranked = _people(search)
    found = {each.asked: each for each in (*_owning(search, text), *_those_on_call(search, text, ranked))}
    people = [*found.values(), *(each for each in ranked if each.asked not in found)]
    teams = _teams(search, needs_any=not people)
    room = most - min(len(teams), 1)
    return [*people[:room], *teams][:most]


def _owning(search: _Search, text: str) -> list[Suggestion]:
    """Experts who own the ticket's subject, according to the floors above."""
    found = [pair for find in _owners for pair in find(search.ticket, text).items()]
    why = dict(reversed(found))
    experts = _free(search).filter(person__user__in=why) if why else []
    return [Suggestion(expert, [why[expert.person.user_id]]) for expert in experts if expert.person.user_id is not None]


def _those_on_call(search: _Search, text: str, ranked: Sequence[Suggestion]) -> list[Suggestion]:
    """Experts who are on call for what the ticket is about: first those who know about its topics."""
    why = {pk: words for find in _on_call for pk, words in find(search.ticket, text, search.now).items()}
    experts = list(_free(search).filter(pk__in=why).order_by("pk")) if why else []
    known = {each.asked: each for each in ranked}
    places = {asked: place for place, asked in enumerate(known)}
    experts.sort(key=lambda expert: places.get(expert, len(places)))
    return [
        replace(known[expert], reasons=[why[expert.pk], *known[expert].reasons])
        if expert in known
        else Suggestion(expert, [why[expert.pk]])
        for expert in experts[:MAX_ON_CALL]
    ]


def _free(search: _Search) -> QuerySet[Expert]:
    """Experts who are available and weren't asked about this ticket."""
    free = finding.present(search.now.date()).exclude(pk__in=[pk for pk in search.asked_experts if pk])
    return free.select_related("person")


def _begin(ticket: Ticket, text: str, now: datetime) -> _Search:
    topics = tree.load()
    scored = [(topic, tuple(finding.matching_words(topic.keywords, text))) for topic in topics.values()]
    matched = sorted((pair for pair in scored if pair[1]), key=lambda pair: (-len(pair[1]), pair[0].name, pair[0].pk))
    search = _Search(ticket, now, topics, matched[:MAX_TOPICS], post_authors.known_of(ticket))
    search.leads = _leads(search.matched, topics)
    asked = ticket.outreaches.exclude(state=Outreach.State.WITHDRAWN).exclude(**NEVER_POSTED)
    for expert, topic in asked.values_list("expert", "topic"):
        search.asked_experts.add(expert)
        search.asked_topics.add(topic)
    return search


def _leads(matched: Sequence[tuple[Topic, tuple[str, ...]]], topics: Mapping[int, Topic]) -> dict[int, _Lead]:
    """The matching topics, what is above and below them: the nearest lead to each."""
    words_of = {topic.pk: words for topic, words in matched}
    found: list[tuple[int, _Lead]] = []
    for topic_id in topics:
        for distance, above in enumerate(tree.ascent(topic_id, topics)):
            if topic_id in words_of:
                found.append((above.pk, _Lead(topics[topic_id], words_of[topic_id], distance)))
            if above.pk in words_of:
                found.append((topic_id, _Lead(above, words_of[above.pk], distance)))
    leads: dict[int, _Lead] = {}
    for topic_id, lead in found:
        if topic_id not in leads or _nearness(lead) < _nearness(leads[topic_id]):
            leads[topic_id] = lead
    return leads


def _nearness(lead: _Lead) -> tuple[int, int]:
    return lead.distance, -len(lead.words)


def _people(search: _Search) -> list[Suggestion]:
    experts = _experts(search)
    loads = workload.of_experts(experts, search.now)
    words = [word for _topic, matching in search.matched for word in matching]
    like = workload.answered_like(experts, words, search.ticket.pk, search.now)
    leads = {pk: _lead_to(expert, search) for pk, expert in experts.items()}
    facts = [_facts(expert, leads[pk], loads[pk], like.get(pk, 0), search) for pk, expert in experts.items()]
    return [_candidate(experts[each.expert], each, leads[each.expert], search) for each in ranking.ranked(facts)]


def _experts(search: _Search) -> dict[int, Expert]:
    by_topic = _free(search).prefetch_related("topics", "default_for").filter(pk__in=_ids_by_topic(search))
    return {expert.pk: expert for expert in by_topic}


def _ids_by_topic(search: _Search) -> set[int]:
    of, default = Expert.topics.through.objects, Topic.default_people.through.objects
    ids = set(of.filter(topic__in=search.leads).values_list("expert", flat=True))
    ids |= set(default.filter(topic__in=search.leads).values_list("expert", flat=True))
    return ids | ({search.author.expert_id} if search.author.expert_id else set())


def _lead_to(expert: Expert, search: _Search) -> _Lead | None:
    topics = [*expert.topics.all(), *expert.default_for.all()]
    found = [search.leads[topic.pk] for topic in topics if topic.pk in search.leads]
    return min(found, key=_nearness, default=None)


def _facts(expert: Expert, lead: _Lead | None, load: workload.Load, like: int, search: _Search) -> ExpertFacts:
    hours = working_hours.hours_of(expert)
    day = search.now.astimezone(hours.zone()).date()
    defaults = {topic.pk for topic in expert.default_for.all()}
    above = {topic.pk for topic in tree.ascent(lead.topic.pk, search.topics)} if lead else set()
    codes = expert.language_codes
    return ExpertFacts(
        expert=expert.pk,
        name=expert.person.name,
        is_absent=hours.is_absent(day),
        is_author=expert.pk == search.author.expert_id,
        is_default=not defaults.isdisjoint(above),
        words=lead.words if lead else (),
        distance=lead.distance if lead else 0,
        answered_like=like,
        works_in=_until_work(search.now, hours),
        speaks=search.language in codes if search.language and codes else None,
        role=expert.role,
        load=load,
    )


def _until_work(now: datetime, hours: working_hours.Hours) -> timedelta:
    return max(working_hours.after(now, timedelta(0), hours) - now, timedelta(0))


def _candidate(expert: Expert, facts: ExpertFacts, lead: _Lead | None, search: _Search) -> Suggestion:
    topic = lead.topic if lead else None
    said = reasons.of(facts, topic.name if topic else "", search.language)
    return Suggestion(expert, said, tree.channel_of(topic.pk, search.topics) if topic else "", topic)


def _teams(search: _Search, *, needs_any: bool) -> list[Suggestion]:
    """Teams that can be reached in Slack: by duty, by their keywords, and as the fallback of what matched."""
    reasoned: dict[int, str] = {}
    if search.author.is_somebody_else:
        reasoned |= dict.fromkeys(_on_duty(Topic.Duty.BLOG, search), _("the author of this post is not a colleague"))
    for topic, words in search.matched:
        reasoned.setdefault(topic.pk, ", ".join(words[:3]))
    for topic, _words in search.matched:
        if (fallback := tree.fallback_of(topic.pk, search.topics)) is not None:
            reasoned.setdefault(fallback.pk, _("fallback of %(topic)s") % {"topic": topic})
    if needs_any and not reasoned:
        reasoned = dict.fromkeys(_on_duty(Topic.Duty.UNSURE, search), _("no other topic fits"))
    return [_team(search.topics[pk], why, search) for pk, why in reasoned.items() if _can_be_asked(pk, search)]


def _on_duty(duty: str, search: _Search) -> list[int]:
    return [pk for pk, topic in search.topics.items() if topic.duty == duty]


def _can_be_asked(topic_id: int, search: _Search) -> bool:
    return topic_id not in search.asked_topics and bool(tree.channel_of(topic_id, search.topics))


def _team(topic: Topic, why: str, search: _Search) -> Suggestion:
    return Suggestion(topic, [why], tree.channel_of(topic.pk, search.topics), topic)
