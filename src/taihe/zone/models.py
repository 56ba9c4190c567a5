"""
Tables of the zone site.

Amounts are whole fen; moments are whole microseconds since 1970 UTC (`at_us`), as in the trail.
`Evidence` and `Bulletin` are only added to; the columns of a project below `stage` follow from
its evidence and are rebuilt from it.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from taihe.kernel.errors import Conflict
from taihe.zone.domain import parks, services
from taihe.zone.domain.projects import ACTION_WORDS, STAGE_WORDS

PARK_STATES = parks.WORKFLOW.states
ONCE = ("open", "negotiate", "sign", "register", "start", "produce", "reach", "terminate", "merge")


class AddedOnly(models.Model):
    """A row that is written once and never changed."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write the row; a second time is refused."""
        if not self._state.adding:
            raise Conflict("该记录只能追加，不能修改。", "请追加一条“变更”。")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refused."""
        raise Conflict("该记录不能删除。", "请追加一条“变更”或“终止”。")


class Zone(models.Model):
    """A development zone; its names and levels over time are `ZoneName` rows."""

    code = models.CharField(primary_key=True, max_length=20)
    name = models.CharField(max_length=60, help_text="名单所列名称")
    province = models.CharField(max_length=20)
    city = models.CharField(max_length=20, blank=True, default="")
    area_code = models.CharField(max_length=12, blank=True, default="")
    source = models.CharField(max_length=200)

    class Meta:
        db_table = "zone_zone"
        ordering: ClassVar = ["code"]

    def __str__(self) -> str:
        return self.code


class ZoneName(models.Model):
    """A name or alias of a zone with the days on which it holds, and its level then."""

    zone = models.ForeignKey(Zone, on_delete=models.PROTECT, related_name="names")
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=10, choices=[("official", "正式名称"), ("alias", "简称")])
    level = models.CharField(max_length=20, blank=True, default="")
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=200)

    class Meta:
        db_table = "zone_name"
        constraints: ClassVar = [
            CheckConstraint(condition=Q(kind__in=("official", "alias")), name="zone_name_kind"),
            CheckConstraint(
                condition=Q(valid_to__isnull=True)
                | Q(valid_from__isnull=True)
                | Q(valid_to__gte=models.F("valid_from")),
                name="zone_name_ends_after_start",
            ),
            UniqueConstraint(fields=("zone", "name", "kind"), name="zone_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Event(models.Model):
    """A convention, fair or forum at which projects are signed."""

    key = models.SlugField(primary_key=True, max_length=40)
    name = models.CharField(max_length=60, unique=True)
    kind = models.CharField(max_length=20)
    place = models.CharField(max_length=40, blank=True, default="")
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=200)

    class Meta:
        db_table = "zone_event"
        ordering: ClassVar = ["-key"]
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=models.F("starts_on")),
                name="event_ends_after_start",
            )
        ]

    def __str__(self) -> str:
        return self.key


class Investor(models.Model):
    """The organisation that invests; never a natural person."""

    name = models.CharField(max_length=120, unique=True)

    class Meta:
        db_table = "zone_investor"

    def __str__(self) -> str:
        return str(self.pk)


class Project(models.Model):
    """
    An investment project of the signed or the promoted register.

    Key, register, name, event, industry and investor do not change; the rest follows from the
    evidence.
    """

    key = models.CharField(max_length=40, unique=True, help_text="项目编号")
    register = models.CharField(max_length=10, choices=[("signed", "签约"), ("promoted", "推介")])
    name = models.CharField(max_length=120)
    event = models.ForeignKey(Event, null=True, blank=True, on_delete=models.PROTECT)
    industry = models.CharField(max_length=4, help_text="GB/T 4754-2017")
    investor = models.ForeignKey(Investor, on_delete=models.PROTECT)
    synthetic = models.BooleanField(default=False)
    by = models.BigIntegerField(null=True)
    at_us = models.BigIntegerField()

    stage = models.CharField(max_length=12, choices=list(STAGE_WORDS.items()))
    zone = models.ForeignKey(Zone, null=True, blank=True, on_delete=models.PROTECT)
    investment_fen = models.BigIntegerField(default=0)
    contract_fen = models.BigIntegerField(default=0)
    funds_fen = models.BigIntegerField(default=0)

    class Meta:
        db_table = "zone_project"
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(register__in=("signed", "promoted")), name="project_register"
            ),
            CheckConstraint(condition=Q(stage__in=list(STAGE_WORDS)), name="project_stage"),
            CheckConstraint(
                condition=Q(investment_fen__gte=0) & Q(contract_fen__gte=0) & Q(funds_fen__gte=0),
                name="project_amounts_not_negative",
            ),
            CheckConstraint(
                condition=Q(funds_fen__lte=models.F("investment_fen")),
                name="project_funds_within_investment",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=("event", "stage")),
            models.Index(fields=("zone", "stage")),
        ]

    def __str__(self) -> str:
        return self.key


class ImportBatch(models.Model):
    """A workbook of projects that was read in; undoing it withdraws what it entered."""

    file_sha256 = models.CharField(max_length=64)
    rows = models.PositiveIntegerField()
    entered = models.PositiveIntegerField()
    refused = models.PositiveIntegerField()
    returned = models.BinaryField(default=b"", help_text="退回的行，xlsx")
    by = models.BigIntegerField(null=True)
    at_us = models.BigIntegerField()
    undone_by = models.BigIntegerField(null=True)
    undone_at_us = models.BigIntegerField(null=True)

    class Meta:
        db_table = "zone_import"
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"import {self.pk}"


class Evidence(AddedOnly):
    """
    One row of the ledger: what happened to a project on which day, by what evidence.

    Rows are sealed as the chain `evidence`.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="evidence")
    action = models.CharField(max_length=12, choices=list(ACTION_WORDS.items()))
    happened_on = models.DateField()
    amount_fen = models.BigIntegerField(default=0)
    zone = models.ForeignKey(Zone, null=True, blank=True, on_delete=models.PROTECT)
    outside = models.BooleanField(default=False, help_text="不在开发区内")
    investment_fen = models.BigIntegerField(null=True, blank=True)
    contract_fen = models.BigIntegerField(null=True, blank=True)
    merged_into = models.ForeignKey(
        Project, null=True, blank=True, on_delete=models.PROTECT, related_name="absorbed"
    )
    text = models.CharField(max_length=500)
    attachment = models.CharField(max_length=64, blank=True, default="", help_text="附件 SHA-256")
    round = models.PositiveSmallIntegerField(default=1, help_text="撤回后重新登记时加一")
    batch = models.ForeignKey(
        ImportBatch, null=True, blank=True, on_delete=models.PROTECT, related_name="evidence"
    )
    by = models.BigIntegerField(null=True)
    at_us = models.BigIntegerField()

    class Meta:
        db_table = "zone_evidence"
        constraints: ClassVar = [
            CheckConstraint(condition=Q(action__in=list(ACTION_WORDS)), name="evidence_action"),
            CheckConstraint(
                condition=(Q(action="fund") & Q(amount_fen__gt=0))
                | (~Q(action="fund") & Q(amount_fen=0)),
                name="evidence_amount_only_of_funds",
            ),
            CheckConstraint(
                condition=Q(outside=False) | Q(zone__isnull=True), name="evidence_one_place"
            ),
            CheckConstraint(
                condition=(Q(action="merge") & Q(merged_into__isnull=False))
                | (~Q(action="merge") & Q(merged_into__isnull=True)),
                name="evidence_merge_names_project",
            ),
            CheckConstraint(condition=~Q(text=""), name="evidence_has_words"),
            UniqueConstraint(
                fields=("project", "action", "round"),
                condition=Q(action__in=ONCE),
                name="evidence_once_per_project",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project_id} {self.action}"


class Bulletin(AddedOnly):
    """
    The frozen figures of a convention: canonical bytes, table of projects, fingerprint.

    `through` is the last ledger row that counted. Rows are sealed as the chain `bulletin`.
    """

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="bulletins")
    edition = models.PositiveIntegerField()
    as_of = models.DateField()
    through = models.BigIntegerField()
    fingerprint = models.CharField(max_length=64)
    body = models.TextField()
    table = models.TextField()
    by = models.BigIntegerField(null=True)
    at_us = models.BigIntegerField()

    class Meta:
        db_table = "zone_bulletin"
        ordering: ClassVar = ["-edition"]
        constraints: ClassVar = [
            UniqueConstraint(fields=("event", "edition"), name="bulletin_edition_once"),
            CheckConstraint(condition=Q(edition__gte=1), name="bulletin_edition_from_1"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} {self.edition}"


class ParkApplication(models.Model):
    """An application to be recognised as an international co-operation park (国际合作产业园)."""

    zone = models.ForeignKey(Zone, on_delete=models.PROTECT)
    name = models.CharField(max_length=80, unique=True)
    country = models.CharField(max_length=10)
    place = models.CharField(max_length=20)
    industry = models.CharField(max_length=30)
    summary = models.CharField(max_length=1000)
    synthetic = models.BooleanField(default=False)
    state = models.CharField(max_length=12, choices=list(PARK_STATES.items()), default="draft")
    certificate = models.CharField(max_length=30, blank=True, default="")
    by = models.BigIntegerField(null=True)
    at_us = models.BigIntegerField()

    class Meta:
        db_table = "zone_park"
        constraints: ClassVar = [
            CheckConstraint(condition=Q(state__in=list(PARK_STATES)), name="park_state"),
            CheckConstraint(
                condition=Q(state="approved") | Q(certificate=""),
                name="park_certificate_when_approved",
            ),
            UniqueConstraint(
                fields=("certificate",), condition=~Q(certificate=""), name="park_certificate_once"
            ),
        ]

    def __str__(self) -> str:
        return f"park {self.pk}"


class PanelOpinion(AddedOnly):
    """One expert's scores for an application, or the declaration of a conflict of interest."""

    application = models.ForeignKey(
        ParkApplication, on_delete=models.PROTECT, related_name="opinions"
    )
    expert = models.BigIntegerField(help_text="party")
    scores = models.CharField(max_length=40, blank=True, default="", help_text="以空格分隔")
    declined = models.BooleanField(default=False)
    text = models.CharField(max_length=500, blank=True, default="")
    at_us = models.BigIntegerField()

    class Meta:
        db_table = "zone_park_opinion"
        constraints: ClassVar = [
            UniqueConstraint(fields=("application", "expert"), name="opinion_once_per_expert"),
            CheckConstraint(
                condition=(Q(declined=True) & Q(scores="")) | (Q(declined=False) & ~Q(scores="")),
                name="opinion_scores_or_declines",
            ),
        ]

    def __str__(self) -> str:
        return f"opinion {self.pk}"


class Promotion(models.Model):
    """An investable project that a zone offers (推介项目)."""

    zone = models.ForeignKey(Zone, on_delete=models.PROTECT)
    name = models.CharField(max_length=120)
    industry = models.CharField(max_length=4)
    investment_fen = models.BigIntegerField()
    land_mu = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    summary = models.CharField(max_length=1000)
    valid_until = models.DateField()
    state = models.CharField(max_length=12, choices=list(services.PROMOTION.states.items()))
    synthetic = models.BooleanField(default=False)
    by = models.BigIntegerField(null=True)
    at_us = models.BigIntegerField()

    class Meta:
        db_table = "zone_promotion"
        constraints: ClassVar = [
            UniqueConstraint(fields=("zone", "name"), name="promotion_once_per_zone"),
            CheckConstraint(
                condition=Q(state__in=list(services.PROMOTION.states)), name="promotion_state"
            ),
            CheckConstraint(condition=Q(investment_fen__gt=0), name="promotion_investment"),
        ]

    def __str__(self) -> str:
        return f"promotion {self.pk}"


class Need(models.Model):
    """What a firm of a zone needs, raised in one of the 进园区 series."""

    series = models.CharField(max_length=20)
    zone = models.ForeignKey(Zone, on_delete=models.PROTECT)
    firm = models.CharField(max_length=120, help_text="单位名称，不写个人")
    text = models.CharField(max_length=500)
    raised_on = models.DateField()
    due_on = models.DateField()
    state = models.CharField(max_length=12, choices=list(services.NEED.states.items()))
    satisfaction = models.PositiveSmallIntegerField(null=True, blank=True)
    synthetic = models.BooleanField(default=False)
    by = models.BigIntegerField(null=True)
    at_us = models.BigIntegerField()

    class Meta:
        db_table = "zone_need"
        constraints: ClassVar = [
            CheckConstraint(condition=Q(state__in=list(services.NEED.states)), name="need_state"),
            CheckConstraint(condition=Q(due_on__gte=models.F("raised_on")), name="need_due_later"),
            CheckConstraint(
                condition=Q(satisfaction__isnull=True)
                | (Q(satisfaction__gte=1) & Q(satisfaction__lte=5) & Q(state="closed")),
                name="need_satisfaction_when_closed",
            ),
        ]

    def __str__(self) -> str:
        return f"need {self.pk}"


class PeerAnswer(models.Model):
    """The last good answer of the health site, and what went wrong when it was last asked."""

    subject = models.CharField(primary_key=True, max_length=40)
    body = models.TextField(blank=True, help_text="last good answer, as it came")
    answered_at_us = models.BigIntegerField(null=True)
    asked_at_us = models.BigIntegerField()
    trouble = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "zone_peer_answer"

    def __str__(self) -> str:
        return self.subject
