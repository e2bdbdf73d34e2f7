"""Works out what a list of colleagues would change in the directory, line by line. Read-only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from experts.models import Expert, Topic
from experts.people_lists.entries import Entry
from mentions.csv_lists import plans
from mentions.csv_lists.plans import Change
from mentions.models import Person
from mentions.people import access, colleagues


@dataclass(slots=True)
class Step:
    """One line of the list, and what it would do. `expert` is None for somebody new, `person` if the desk doesn't know
    them at all."""

    entry: Entry
    expert: Expert | None = None
    person: Person | None = None
    changes: list[Change] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    topics: list[Topic] | None = None
    accounts: list[tuple[str, str]] = field(default_factory=list)
    """Those that are new."""

    @property
    def deed(self) -> str:
        if self.problems:
            return "wrong"
        return "add" if self.expert is None else "update" if self.changes else "same"


Plan = plans.Plan[Step]


@dataclass(frozen=True, slots=True)
class _Known:
    """The directory, indexed by everything a list may identify a person with."""

    experts: Mapping[tuple[str, str], list[Expert]]
    """By (`page_key`, `slack_id` or `name`, its value; names in lower case)."""
    topics: Mapping[str, Topic]
    owners: Mapping[tuple[str, str], Person]

    def expert_with(self, **values: str) -> Expert | None:
        ((name, value),) = values.items()
        return next(iter(self.experts.get((name, value), ())), None) if value else None


MAX_NAMED = 5
"""How many other lines about a person are reported; hundreds have one cause."""
OUR_TITLE = "community advocate"
_NEW = Expert()
"""Somebody new, with the default of every field."""


def plan(entries: Iterable[Entry], *, is_whole_company: bool = False) -> Plan:
    """The steps in the order of the list. `is_whole_company`: a person keeps the topics that the list doesn't name,
    unknown topic names are no problem, and our own team isn't added as experts. Five queries."""
    entries = list(entries)
    known = _Known(
        _experts(),
        _topics(),
        colleagues.owners(pair for entry in entries for pair in entry.accounts),
    )
    people = _people_without_expert({entry.name.lower() for entry in entries})
    steps = [_step(entry, known, people, is_whole_company) for entry in entries]
    if is_whole_company:
        steps = [step for step in steps if not _answers_here(step)]
    _find_twice(steps)
    return Plan(steps)


def _answers_here(step: Step) -> bool:
    """Whether the person is an advocate, by job title or rights: their answers are the desk's own, not an expert's."""
    if step.expert is None and OUR_TITLE in step.entry.values.get("title", "").lower():
        return True
    user = step.person.user if step.expert is None and step.person is not None else None
    return user is not None and user.has_perm(access.PLAY)


def _experts() -> dict[tuple[str, str], list[Expert]]:
    found: dict[tuple[str, str], list[Expert]] = {}
    for expert in Expert.objects.select_related("person").prefetch_related("topics").order_by("pk"):
        keys = {"page_key": expert.page_key, "slack_id": expert.slack_id, "name": expert.person.name.lower()}
        for key in keys.items():
            found.setdefault(key, []).append(expert)
    return found


def _topics() -> dict[str, Topic]:
    topics = list(Topic.objects.order_by("-pk"))
    return {topic.name.lower(): topic for topic in topics} | {topic.slug.lower(): topic for topic in topics}


def _people_without_expert(names: set[str]) -> dict[str, list[Person]]:
    found: dict[str, list[Person]] = {}
    for person in Person.objects.filter(is_us=True, expert__isnull=True).select_related("user").order_by("pk"):
        if person.name.lower() in names:
            found.setdefault(person.name.lower(), []).append(person)
    return found


def _step(entry: Entry, known: _Known, people: Mapping[str, list[Person]], is_whole_company: bool) -> Step:
    step = Step(entry, problems=list(entry.problems))
    _find(step, known, people)
    owner = step.expert.person if step.expert else step.person
    for pair in entry.accounts:
        holder = known.owners.get((pair[0], pair[1].lower()))
        if holder is None:
            step.accounts.append(pair)
        elif holder != owner:
            words = {"account": "=".join(pair), "who": holder if holder.is_us else _("somebody outside the team")}
            step.problems.append(_("%(account)s belongs to %(who)s") % words)
    step.topics = _wanted_topics(step, known, is_whole_company)
    _check_slack_id(step, known)
    _check_times(step)
    if not step.problems:
        step.changes = _changes(step)
    return step


def _find(step: Step, known: _Known, people: Mapping[str, list[Person]]) -> None:
    """By the key on the team page, else the Slack ID, else the name; an account decides between namesakes."""
    values, name = step.entry.values, step.entry.name.lower()
    step.expert = known.expert_with(page_key=values.get("page_key", ""))
    step.expert = step.expert or known.expert_with(slack_id=values.get("slack_id", ""))
    if step.expert is not None:
        return
    by_person = {expert.person: expert for expert in known.experts.get(("name", name), ())}
    named = [*by_person, *people.get(name, [])]
    holders = [known.owners.get((namespace, handle.lower())) for namespace, handle in step.entry.accounts]
    named = named if len(named) < 2 else [person for person in named if person in holders] or named
    if len(named) > 1:
        step.problems.append(_("several people have this name: give their Slack ID"))
    elif named:
        step.expert = by_person.get(named[0])
        step.person = None if step.expert else named[0]


def _wanted_topics(step: Step, known: _Known, is_whole_company: bool) -> list[Topic] | None:
    if step.entry.topics is None:
        return None
    wanted = {name: known.topics.get(name.lower()) for name in step.entry.topics}
    for name in [name for name, topic in wanted.items() if topic is None and not is_whole_company]:
        step.problems.append(_("there is no topic “%(name)s”") % {"name": name[:80]})
    current_topics = list(step.expert.topics.all()) if is_whole_company and step.expert else []
    return sorted({topic for topic in wanted.values() if topic} | set(current_topics), key=lambda topic: topic.slug)


def _check_slack_id(step: Step, known: _Known) -> None:
    holder = known.expert_with(slack_id=step.entry.values.get("slack_id", ""))
    if holder is not None and holder != step.expert:
        step.problems.append(_("the Slack ID belongs to %(who)s") % {"who": holder})


def _check_times(step: Step) -> None:
    def value(name: str) -> Any:
        own = getattr(step.expert or _NEW, name)
        return step.entry.values.get(name, own)

    if value("work_starts") >= value("work_ends"):
        step.problems.append(_("the working day must end after it starts"))
    start, end = value("absent_from"), value("absent_until")
    if start and (end is None or start > end):
        step.problems.append(_("the absence must end after it starts"))


def _changes(step: Step) -> list[Change]:
    entry, expert = step.entry, step.expert
    before = expert.person.name if expert else ""
    found = [Change("name", before, entry.name)]
    for name, value in entry.values.items():
        if name != "page_key" or expert is None or expert.page_key != value:
            found.append(Change(name, _shown(getattr(expert, name)) if expert else "", _shown(value)))
    if step.topics is not None:
        own = sorted(expert.topics.all(), key=lambda topic: topic.slug) if expert else []
        found.append(Change("topics", _listed(own), _listed(step.topics)))
    found += [Change("accounts", "", "=".join(pair)) for pair in step.accounts]
    return [change for change in found if change.before != change.after]


def _listed(topics: Iterable[Topic]) -> str:
    return ", ".join(topic.name for topic in topics)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return "" if value is None else str(value)


def _find_twice(steps: Sequence[Step]) -> None:
    """Report two lines about one person: neither is carried out."""
    lines: dict[object, list[Step]] = {}
    for step in steps:
        named = {step.entry.values.get("slack_id") or None, step.entry.values.get("page_key")}
        keys: set[object] = {*named, (step.expert or step.person)}
        if step.expert is None and not step.entry.values.get("slack_id"):
            keys.add(step.entry.name.lower())
        for key in keys - {None}:
            lines.setdefault(key, []).append(step)
        for pair in step.accounts:
            lines.setdefault((pair[0], pair[1].lower()), []).append(step)
    for together in lines.values():
        for step in together if len(together) > 1 else []:
            others = [str(other.entry.line) for other in together[: MAX_NAMED + 1] if other is not step][:MAX_NAMED]
            problem = _("line %(lines)s is about the same person") % {"lines": ", ".join(others)}
            if others and problem not in step.problems:
                step.problems.append(problem)
