"""A ticket's report, issues, application and codes, in the export and erasure of a person's data."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Model, Q

from mentions.models import Application, Code, Disclosure, Issue, IssueLink, Message, Question, ThreadState
from mentions.personal_data.scope import Part, Scope, register
from mentions.personal_data.scrubbing import ERASED, Names


def _reports(scope: Scope) -> Iterable[Model]:
    return Disclosure.objects.filter(ticket__in=scope.own).order_by("pk")


def _erase_reports(scope: Scope, names: Names) -> int:
    """Erase the link to the fix, which may quote the report."""
    return Disclosure.objects.filter(ticket__in=scope.own).exclude(fix_url="").update(fix_url="")


def _states(scope: Scope) -> Iterable[Model]:
    return ThreadState.objects.filter(_theirs(scope)).order_by("pk")


def _erase_states(scope: Scope, names: Names) -> int:
    """Delete the states of conversations that are only theirs: nobody waits for those any longer."""
    return int(ThreadState.objects.filter(_theirs(scope)).delete()[0])


def _issues(scope: Scope) -> Iterable[Model]:
    return Issue.objects.filter(links__ticket__in=scope.own).distinct().order_by("pk")


def _erase_issues(scope: Scope, names: Names) -> int:
    """Erase their words and names from titles. The desk doesn't erase the issue on the tracker; the export tells the
    admin where it is."""
    count = 0
    for issue in Issue.objects.filter(links__ticket__in=[*scope.own, *scope.near]).distinct():
        title, error = names.text(issue.title), names.text(issue.error)
        if (title, error) != (issue.title, issue.error):
            Issue.objects.filter(pk=issue.pk).update(title=title, error=error)
            count += 1
    return count


def _applications(scope: Scope) -> Iterable[Model]:
    return Application.objects.filter(ticket__in=scope.own).order_by("pk")


def _erase_applications(scope: Scope, names: Names) -> int:
    """Erase the licence, which names its holder. The state stays, since figures count it. The CRM keeps its own
    record."""
    return Application.objects.filter(ticket__in=scope.own).exclude(licence="").update(licence="")


def _codes(scope: Scope) -> Iterable[Model]:
    """The codes they got, and when; the sealed code itself reveals nothing."""
    return Code.objects.filter(ticket__in=scope.own).order_by("pk")


def _questions(scope: Scope) -> Iterable[Model]:
    return Question.objects.filter(ticket__in=scope.own).order_by("pk")


def _erase_questions(scope: Scope, names: Names) -> int:
    """On their own tickets all text is erased, on others only their names."""
    own = Question.objects.filter(ticket__in=scope.own).exclude(text=ERASED)
    count = own.update(text=ERASED, answer="", error="", slack_url="")
    for question in Question.objects.filter(ticket__in=scope.near):
        texts = {name: names.text(getattr(question, name)) for name in ("text", "answer", "error")}
        if any(getattr(question, name) != text for name, text in texts.items()):
            Question.objects.filter(pk=question.pk).update(**texts)
            count += 1
    return int(count)


def _links(scope: Scope) -> Iterable[Model]:
    return IssueLink.objects.filter(ticket__in=scope.own).order_by("pk")


def _keep_links(scope: Scope, names: Names) -> int:
    return 0


def _theirs(scope: Scope) -> Q:
    """Threads with messages on their own tickets only."""
    mine = Message.objects.filter(pk__in=scope.messages, ticket__in=scope.own)
    others = Message.objects.filter(thread_id__in=mine.values("thread_id"), ticket__isnull=False)
    shared = set(others.exclude(ticket__in=scope.own).values_list("namespace", "thread_id"))
    found = Q(pk__in=[])
    for namespace, thread_id in set(mine.values_list("namespace", "thread_id")) - shared:
        found |= Q(namespace=namespace, thread_id=thread_id)
    return found


register(Part("applications", _applications, _erase_applications))
register(Part("codes", _codes, _keep_links))
register(Part("issues", _issues, _erase_issues))
register(Part("linked issues", _links, _keep_links))
register(Part("questions in Slack", _questions, _erase_questions))
register(Part("security reports", _reports, _erase_reports))
register(Part("states of conversations", _states, _erase_states))
