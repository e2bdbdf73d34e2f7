"""Works out what a list of marks would change, line by line. Read-only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from channels.inbox import tombstones
from channels.registry.finding_adapters import all_adapters
from mentions.csv_lists import plans
from mentions.csv_lists.plans import Change
from mentions.marks.entries import Entry
from mentions.models import Author, Mark, Person
from mentions.people import colleagues

Pair = tuple[str, str]


@dataclass(slots=True)
class Step:
    """One line and its effect. `person` is None for somebody new."""

    entry: Entry
    person: Person | None = None
    authors: list[Author] = field(default_factory=list)
    accounts: list[Pair] = field(default_factory=list)
    """Accounts not linked to anybody yet."""
    changes: list[Change] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    is_erased: bool = False
    is_late: bool = False
    """Older than the last known decision."""

    @property
    def deed(self) -> str:
        if self.problems:
            return "wrong"
        if self.is_erased or self.is_late or not self.changes:
            return "erased" if self.is_erased else "late" if self.is_late else "same"
        return "update" if self.person else "add"


class Plan(plans.Plan[Step]):
    DEEDS = ("add", "update", "same", "late", "erased", "wrong")


@dataclass(frozen=True, slots=True)
class _Known:
    authors: Mapping[Pair, Author]
    owners: Mapping[Pair, Person]
    spaces: Sequence[str]
    buried: frozenset[Pair]


def plan(entries: Iterable[Entry]) -> Plan:
    """The steps in the order of the list. Six queries."""
    entries = list(entries)
    spaces = sorted(set(tombstones.namespaces().values()))
    pairs = {_full(pair, spaces) for entry in entries for pair in entry.accounts}
    known = _Known(_authors(pairs), _owners(pairs), spaces, _buried(pairs))
    steps = [_step(entry, known) for entry in entries]
    _compare(steps)
    _find_twice(steps)
    return Plan(steps)


def _full(pair: Pair, spaces: Sequence[str]) -> Pair:
    """A platform with one connection may be named without its host: gitlab → gitlab:gitlab.com."""
    namespace, handle = pair
    hosts = [space for space in spaces if space.startswith(f"{namespace}:")]
    return (hosts[0] if namespace not in spaces and len(hosts) == 1 else namespace, handle)


def _authors(pairs: Iterable[Pair]) -> dict[Pair, Author]:
    """Authors by handle or by id, in lower case."""
    named = {(space, handle.lower()) for space, handle in pairs}
    words = {word for _space, handle in named for word in (handle, f"@{handle}")}
    rows = Author.objects.filter(namespace__in={space for space, _handle in named})
    rows = rows.annotate(lower_handle=Lower("handle"), lower_id=Lower("external_id")).select_related("person")
    found: dict[Pair, Author] = {}
    for author in rows.filter(Q(lower_handle__in=words) | Q(lower_id__in=words)).order_by("-pk"):
        for name in (author.external_id, author.handle):
            if (key := (author.namespace, name.lower().removeprefix("@"))) in named:
                found[key] = author
    return found


def _owners(pairs: Iterable[Pair]) -> dict[Pair, Person]:
    return colleagues.owners([(space, name) for space, handle in pairs for name in (handle, f"@{handle}")])


def _buried(pairs: Iterable[Pair]) -> frozenset[Pair]:
    found = set()
    for space in {space for space, _handle in pairs}:
        names = {buried_name(handle): handle for each, handle in pairs if each == space}
        left = tombstones.without_buried(space, names)
        found |= {(space, handle) for name, handle in names.items() if name not in left}
    return frozenset(found)


def buried_name(handle: str) -> str:
    """The tombstone name of an erased account, stored as a hash: no import brings it back."""
    return f"account {handle.lower().removeprefix('@')}"


def _step(entry: Entry, known: _Known) -> Step:
    step = Step(entry, problems=list(entry.problems))
    people: dict[int, Person] = {}
    for pair in (_full(pair, known.spaces) for pair in entry.accounts):
        _check_platform(step, pair[0], known.spaces)
        step.is_erased |= pair in known.buried
        key = (pair[0], pair[1].lower())
        author = known.authors.get(key)
        owner = known.owners.get(key) or known.owners.get((key[0], f"@{key[1]}"))
        owner = owner or (author.person if author is not None else None)
        if owner is not None:
            people[owner.pk] = owner
        elif author is None:
            step.accounts.append(pair)
        if author is not None and author.person is None:
            step.authors.append(author)
        if (owner and owner.is_us) or (author and author.is_us):
            step.problems.append(_("%(account)s belongs to a team member") % {"account": "=".join(pair)})
    if len(people) > 1:
        step.problems.append(_("the accounts belong to different people: join them on an author’s page first"))
    step.person = next(iter(people.values()), None)
    return step


def _check_platform(step: Step, space: str, spaces: Sequence[str]) -> None:
    platform = space.partition(":")[0]
    hosts = [each for each in spaces if each.startswith(f"{platform}:")]
    if platform not in all_adapters():
        words = {"name": platform[:40], "known": ", ".join(sorted(all_adapters()))}
        step.problems.append(_("there is no platform “%(name)s”: use one of %(known)s") % words)
    elif hosts and space == platform and space not in spaces:
        step.problems.append(_("say which one: %(hosts)s") % {"hosts": ", ".join(hosts)})


def _compare(steps: Sequence[Step]) -> None:
    """Fill in the changes against the stored marks. One query."""
    people = [step.person.pk for step in steps if step.person is not None]
    marks = {(mark.person_id, mark.kind): mark for mark in Mark.objects.filter(person__in=people)}
    for step in steps:
        mark = marks.get((step.person.pk, step.entry.kind)) if step.person else None
        step.is_late = mark is not None and step.entry.at is not None and step.entry.at <= mark.decided_at
        if not step.problems:
            step.changes = _changes(step, mark)


def _changes(step: Step, mark: Mark | None) -> list[Change]:
    entry, person = step.entry, step.person
    label = str(Mark.Kind(entry.kind).label)
    had = mark is not None and mark.is_given
    found = [Change(_("mark"), label if had else "", label if entry.is_given else "")]
    if mark is None and not entry.is_given and entry.at is not None:
        found.append(Change(_("mark"), "", _("none")))  # the call that gives the mark may arrive later, but be older
    before = (mark.since.isoformat() if mark and mark.since else "", mark.because if mark else "")
    after = (entry.since.isoformat() if entry.since else before[0], entry.because or before[1])
    found += [Change(_("since"), before[0], after[0]), Change(_("because"), before[1], after[1])]
    found += [Change(name, getattr(person, name) if person else "", value) for name, value in entry.values.items()]
    found += [Change(_("account"), "", "=".join(pair)) for pair in step.accounts]
    found += [Change(_("account"), "", f"{author.namespace}={author}") for author in step.authors if person]
    return [change for change in found if change.before != change.after]


def _find_twice(steps: Sequence[Step]) -> None:
    """Report lines about the same mark of the same person; lines that share an account are about the same person."""
    first: dict[tuple[object, str], Step] = {}
    for step in steps:
        whos: set[object] = {step.person.pk} if step.person else {*step.accounts, *(a.pk for a in step.authors)}
        for who in whos:
            other = first.setdefault((who, step.entry.kind), step)
            if other is not step and step.entry.at is None:
                step.problems.append(_("line %(line)d is about the same mark") % {"line": other.entry.line})
                break
