"""One row per issue: an issue linked by its address and one opened here may turn out to be the same."""

from __future__ import annotations

from mentions.models import Issue, IssueLink


def absorb(issue: Issue, external_id: str) -> None:
    """Give the (locked) issue its id on the tracker, and the links of any other row that had it."""
    others = Issue.objects.select_for_update().filter(namespace=issue.namespace, external_id=external_id)
    for other in others.exclude(pk=issue.pk):
        linked = IssueLink.objects.filter(issue=issue).values("ticket")
        IssueLink.objects.filter(issue=other, ticket__in=linked).delete()
        IssueLink.objects.filter(issue=other).update(issue=issue)
        if other.outbound_id and not issue.outbound_id:
            issue.outbound_id = other.outbound_id
        other.delete()
    issue.external_id = issue.reference = external_id
