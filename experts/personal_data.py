"""Outreaches in the export and erasure of a person's data."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from channels.models import OutboundItem
from channels.outbox import erasing
from experts.models import CommunityShare, DraftVersion, Feedback, FeedbackDigest, Outreach, ThreadReply
from mentions.personal_data.scope import Part, Scope, register
from mentions.personal_data.scrubbing import ERASED, Names

_NEVER = date.max


def _rows(scope: Scope) -> Iterable[Outreach]:
    return Outreach.objects.filter(ticket__in=scope.own).order_by("pk")


def _erase(scope: Scope, names: Names) -> int:
    """Clears the text of outreaches on the person's tickets, and removes the person's names from others."""
    own = Outreach.objects.filter(ticket__in=scope.own).exclude(text=ERASED)
    count = own.update(text=ERASED, error="", slack_url="", draft="", thread_error="")
    for outreach in Outreach.objects.filter(ticket__in=scope.near):
        texts = [names.text(text) for text in (outreach.text, outreach.error, outreach.draft)]
        if texts != [outreach.text, outreach.error, outreach.draft]:
            outreach.text, outreach.error, outreach.draft = texts
            outreach.save(update_fields=["text", "error", "draft"])
            count += 1
    return count


def _replies(scope: Scope) -> Iterable[ThreadReply]:
    return ThreadReply.objects.filter(outreach__ticket__in=scope.own).order_by("pk")


def _erase_replies(scope: Scope, names: Names) -> int:
    """Colleagues quote the person in Slack: on their own tickets all text is erased, on others only their names."""
    count = ThreadReply.objects.filter(outreach__ticket__in=scope.own).exclude(text=ERASED).update(text=ERASED)
    for reply in ThreadReply.objects.filter(outreach__ticket__in=scope.near):
        if (text := names.text(reply.text)) != reply.text:
            reply.text = text
            reply.save(update_fields=["text"])
            count += 1
    return count


def _versions(scope: Scope) -> Iterable[DraftVersion]:
    return DraftVersion.objects.filter(outreach__ticket__in=scope.own).order_by("pk")


def _erase_versions(scope: Scope, names: Names) -> int:
    """An answer repeats the question: on their own tickets all text is erased, on others only their names."""
    count = DraftVersion.objects.filter(outreach__ticket__in=scope.own).exclude(text=ERASED).update(text=ERASED)
    for version in DraftVersion.objects.filter(outreach__ticket__in=scope.near):
        if (text := names.text(version.text)) != version.text:
            version.text = text
            version.save(update_fields=["text"])
            count += 1
    return count


def _shares(scope: Scope) -> Iterable[CommunityShare]:
    return CommunityShare.objects.filter(ticket__in=scope.own).order_by("pk")


def _erase_shares(scope: Scope, names: Names) -> int:
    """Erase the guidance of shares of the person's own tickets, in which a macro may name them; elsewhere, only their
    names."""
    own = CommunityShare.objects.filter(ticket__in=scope.own).exclude(guidance="", error="", slack_url="?")
    count = own.update(guidance="", error="", slack_url="?")
    for share in CommunityShare.objects.filter(ticket__in=scope.near):
        texts = [names.text(share.guidance), names.text(share.error)]
        if texts != [share.guidance, share.error]:
            share.guidance, share.error = texts
            share.save(update_fields=["guidance", "error"])
            count += 1
    return count


def _feedback(scope: Scope) -> Iterable[Feedback]:
    return Feedback.objects.filter(ticket__in=scope.own).order_by("pk")


def _erase_feedback(scope: Scope, names: Names) -> int:
    """The summary repeats what was said, and so do the digests that contained it."""
    own = Feedback.objects.filter(ticket__in=scope.own)
    near = [(each, names.text(each.summary)) for each in Feedback.objects.filter(ticket__in=scope.near)]
    near = [(each, text) for each, text in near if text != each.summary]
    affected = [*own.exclude(summary=""), *(each for each, _text in near)]
    digests = FeedbackDigest.objects.filter(
        due_on__gte=min((f.routed_at.date() for f in affected), default=None) or _NEVER
    )
    posts = OutboundItem.objects.filter(
        pk__in=digests.filter(topic__in=[f.topic_id for f in affected]).values("outbound")
    )
    erasing.erase_settled(posts)
    for each, text in near:
        Feedback.objects.filter(pk=each.pk).update(summary=text)
    return own.exclude(summary="").update(summary="") + len(near)


register(Part("feedback to product", _feedback, _erase_feedback))
register(Part("requests to experts", _rows, _erase))
register(Part("shares with colleagues", _shares, _erase_shares))
register(Part("drafts of answers", _versions, _erase_versions))
register(Part("replies of experts in Slack", _replies, _erase_replies))
