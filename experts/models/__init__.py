"""The tables of experts: topics, people, requests to them and their answers."""

from experts.models.community import CommunityShare, SlackRequest
from experts.models.directory import Expert, Topic
from experts.models.outreach import Outreach, OutreachText, PossibleAnswer, ThreadReply, validate_wording

__all__ = [
    "CommunityShare",
    "Expert",
    "Outreach",
    "OutreachText",
    "PossibleAnswer",
    "SlackRequest",
    "ThreadReply",
    "Topic",
    "validate_wording",
]
