"""Topics and the experts who know about them."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

MAX_DEPTH = 10
LANGUAGES = RegexValidator(r"^[a-z]{2,3}(, [a-z]{2,3})*$", _("Enter language codes separated by commas: en, de."))
GROUP_ID = RegexValidator(r"^S[A-Z0-9]{7,}$", _("A Slack group ID starts with S, such as S0123ABCD."))


class Topic(models.Model):
    """A tree: stage → group → category, each with the Slack channel for asking its people."""

    class Kind(models.TextChoices):
        STAGE = "stage", _("stage")
        GROUP = "group", _("group")
        CATEGORY = "category", _("category")
        TEAM = "team", _("team")  # evangelists, technical marketing, customer success, ...

    class Duty(models.TextChoices):
        BLOG = "blog", _("somebody comments on a post whose author is not a colleague")
        UNSURE = "unsure", _("no other topic fits")

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(max_length=80, unique=True)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.CATEGORY)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    slack_channel = models.CharField(_("Slack channel"), max_length=80, blank=True, help_text=_("with #"))
    slack_mention = models.CharField(_("Slack group"), max_length=80, blank=True, help_text=_("with @"))
    slack_group_id = models.CharField(
        _("Slack group ID"),
        max_length=20,
        blank=True,
        default="",
        db_default="",
        validators=[GROUP_ID],
        help_text=_("such as S0123ABCD; the name alone notifies nobody"),
    )
    keywords = models.JSONField(_("keywords"), default=list, blank=True)
    default_people = models.ManyToManyField(
        "experts.Expert",
        verbose_name=_("default people"),
        blank=True,
        related_name="default_for",
        help_text=_("asked first about this topic and its subtopics"),
    )
    fallback = models.ForeignKey(
        "self",
        verbose_name=_("fallback"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="fallback_of",
        help_text=_("the team to ask if nobody in this topic can help; subtopics inherit it"),
    )
    duty = models.CharField(_("asked when"), max_length=12, choices=Duty.choices, blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        above, steps = self.parent, 0
        while above is not None and self.pk and steps < MAX_DEPTH:
            if above.pk == self.pk:
                raise ValidationError({"parent": _("A topic cannot be below itself.")})
            above, steps = above.parent, steps + 1
        if steps >= MAX_DEPTH:
            raise ValidationError({"parent": _("The tree is too deep: a stage, its groups, their categories.")})


class Expert(models.Model):
    """A team member who answers with their own account."""

    class Role(models.TextChoices):
        ENGINEER = "engineer", _("engineer")
        ENGINEERING_MANAGER = "eng_manager", _("engineering manager")
        TECHNICAL_WRITER = "writer", _("technical writer")
        SUPPORT_COUNTERPART = "support", _("support counterpart")
        PRODUCT_MANAGER = "product", _("product manager")
        EVANGELIST = "evangelist", _("evangelist")
        TECHNICAL_MARKETING = "marketing", _("technical marketing")
        CUSTOMER_SUCCESS = "success", _("customer success")

    person = models.OneToOneField("mentions.Person", on_delete=models.CASCADE, related_name="expert")
    title = models.CharField(_("job title"), max_length=120, blank=True)
    role = models.CharField(
        _("kind of role"),
        max_length=12,
        choices=Role.choices,
        blank=True,
        default="",
        db_default="",
        help_text=_("product managers are suggested after engineering managers and technical writers"),
    )
    slack_id = models.CharField(_("Slack member id"), max_length=40, blank=True)
    slack_handle = models.CharField(_("Slack handle"), max_length=80, blank=True)
    topics = models.ManyToManyField(Topic, blank=True, related_name="experts")
    timezone = models.CharField(_("time zone"), max_length=60, default="UTC")
    work_starts = models.PositiveSmallIntegerField(
        _("works from"), default=9, db_default=9, validators=[MaxValueValidator(23)], help_text=_("hour, local time")
    )
    work_ends = models.PositiveSmallIntegerField(
        _("works until"), default=17, db_default=17, validators=[MinValueValidator(1), MaxValueValidator(24)]
    )
    languages = models.CharField(
        _("languages"),
        max_length=120,
        blank=True,
        default="",
        db_default="",
        validators=[LANGUAGES],
        help_text=_("codes separated by commas: en, de; empty if unknown"),
    )
    absent_from = models.DateField(_("absent from"), null=True, blank=True, help_text=_("empty: already absent"))
    absent_until = models.DateField(_("absent until"), null=True, blank=True)
    prefers_drafts = models.BooleanField(_("prefers to send a draft"), default=False)
    is_active = models.BooleanField(default=True)
    page_key = models.CharField(max_length=120, blank=True, default="", db_default="", editable=False)
    """The entry on the team page; empty for people who were entered here."""

    class Meta:
        verbose_name = _("expert")
        verbose_name_plural = _("experts")
        ordering = ["person__name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(work_starts__lt=F("work_ends"), work_ends__lte=24), name="expert_works_some_hours"
            ),
        ]

    def __str__(self) -> str:
        return self.person.name

    def clean(self) -> None:
        if self.work_starts >= self.work_ends:
            raise ValidationError({"work_ends": _("The working day must end after it starts.")})
        if self.absent_from and (self.absent_until is None or self.absent_from > self.absent_until):
            raise ValidationError({"absent_until": _("The absence must end after it starts.")})

    @property
    def slack_name(self) -> str:
        """`@ana`, however it was entered; empty if unknown."""
        return f"@{self.slack_handle.removeprefix('@')}" if self.slack_handle else ""

    @property
    def language_codes(self) -> tuple[str, ...]:
        return tuple(code for code in self.languages.split(", ") if code)
