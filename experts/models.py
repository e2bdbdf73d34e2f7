"""Topics, experts, and outreaches to them."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from experts.wording import BadWording, checked


def validate_wording(text: str) -> None:
    try:
        checked(text)
    except BadWording as error:
        raise ValidationError(str(error)) from error


class Topic(models.Model):
    """A tree: stage → group → category, each with the Slack channel for asking its people."""

    class Kind(models.TextChoices):
        STAGE = "stage", _("stage")
        GROUP = "group", _("group")
        CATEGORY = "category", _("category")
        TEAM = "team", _("team")  # evangelists, technical marketing, customer success, ...

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(max_length=80, unique=True)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.CATEGORY)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    slack_channel = models.CharField(_("Slack channel"), max_length=80, blank=True, help_text=_("with #"))
    slack_mention = models.CharField(_("Slack group"), max_length=80, blank=True, help_text=_("with @"))
    keywords = models.JSONField(_("keywords"), default=list, blank=True)

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Expert(models.Model):
    """A team member who answers with their own account."""

    person = models.OneToOneField("mentions.Person", on_delete=models.CASCADE, related_name="expert")
    title = models.CharField(_("role"), max_length=120, blank=True)
    slack_id = models.CharField(_("Slack member id"), max_length=40, blank=True)
    slack_handle = models.CharField(_("Slack handle"), max_length=80, blank=True)
    topics = models.ManyToManyField(Topic, blank=True, related_name="experts")
    timezone = models.CharField(_("time zone"), max_length=60, default="UTC")
    absent_until = models.DateField(_("absent until"), null=True, blank=True)
    prefers_drafts = models.BooleanField(_("prefers to send a draft"), default=False)
    is_active = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("expert")
        verbose_name_plural = _("experts")
        ordering = ["person__name"]

    def __str__(self) -> str:
        return self.person.name


class OutreachText(models.Model):
    """An admin's wording of the request; without any, `experts.wording` supplies it."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    text = models.TextField(
        _("text"),
        validators=[validate_wording],
        help_text=_("$who, $link, $platform, $respond and $advocate are filled in."),
    )
    is_default = models.BooleanField(_("offered first"), default=False)

    class Meta:
        verbose_name = _("outreach text")
        verbose_name_plural = _("outreach texts")
        ordering = ["-is_default", "name"]

    def __str__(self) -> str:
        return self.name


class Outreach(models.Model):
    """One request to an expert or a team about one ticket."""

    class State(models.TextChoices):
        ASKED = "asked", _("asked")
        ACKNOWLEDGED = "acknowledged", _("acknowledged")
        REDIRECTED = "redirected", _("redirected")
        DECLINED = "declined", _("declined")
        ANSWERED = "answered", _("answered")
        NO_ANSWER = "no_answer", _("no answer")

    RUNNING = (State.ASKED, State.ACKNOWLEDGED)

    ticket = models.ForeignKey("mentions.Ticket", on_delete=models.PROTECT, related_name="outreaches")
    expert = models.ForeignKey(Expert, null=True, blank=True, on_delete=models.PROTECT, related_name="outreaches")
    topic = models.ForeignKey(Topic, null=True, blank=True, on_delete=models.PROTECT, related_name="outreaches")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=State.choices, default=State.ASKED)
    text = models.TextField()
    slack_channel = models.CharField(max_length=80)
    slack_ts = models.CharField(max_length=40, blank=True)
    slack_url = models.TextField(blank=True)
    outbound = models.OneToOneField(
        "channels.OutboundItem", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    redirected_from = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="redirected_to"
    )
    asked_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.ForeignKey("mentions.Message", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    answered_by = models.ForeignKey(Expert, null=True, blank=True, on_delete=models.PROTECT, related_name="answers")
    error = models.TextField(blank=True)
    """Why the Slack message could not be posted; then nobody has seen the request."""

    class Meta:
        verbose_name = _("outreach")
        verbose_name_plural = _("outreaches")
        ordering = ["-asked_at"]
        indexes = [
            models.Index(fields=["ticket"], name="outreach_running", condition=Q(state__in=["asked", "acknowledged"])),
            models.Index(fields=["asked_at"], name="outreach_asked"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} → {self.expert or self.topic}"
