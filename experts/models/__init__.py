"""The tables of experts: topics, people, requests to them and their answers."""

from experts.models.community import CommunityShare, SlackRequest
from experts.models.directory import Expert, Topic
from experts.models.feedback import Feedback, FeedbackDigest, FeedbackRule
from experts.models.outreach import (
    DraftVersion,
    Outreach,
    OutreachText,
    PossibleAnswer,
    ThreadReply,
    validate_wording,
)
from experts.models.outside import PostAuthor, TeamPage

__all__ = [
    "CommunityShare",
    "DraftVersion",
    "Expert",
    "Feedback",
    "FeedbackDigest",
    "FeedbackRule",
    "Outreach",
    "OutreachText",
    "PossibleAnswer",
    "PostAuthor",
    "SlackRequest",
    "TeamPage",
    "ThreadReply",
    "Topic",
    "validate_wording",
]
