"""
Tables of the ground floor.

Times of the trail and of accesses are whole microseconds since 1970 UTC (`at_us`): raw
connections write and seal them, and a number has one form on every database.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(at: datetime) -> int:
    """A moment as whole microseconds since 1970 UTC."""
    return (at - EPOCH) // timedelta(microseconds=1)


def moment(at_us: int) -> datetime:
    """The moment of a number of microseconds since 1970 UTC."""
    return EPOCH + timedelta(microseconds=at_us)


class Party(models.Model):
    """
    Whoever may stand in a relation to a person or in the trail: an account, an organisation
    or a system. Its number is never reused.
    """

    class Kind(models.TextChoices):
        ACCOUNT = "account", "账号"
        ORGANISATION = "organisation", "机构"
        SYSTEM = "system", "系统"

    kind = models.CharField(max_length=12, choices=Kind)
    label = models.CharField(max_length=120, default="", help_text="名称，仅系统使用")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=("account", "organisation", "system")),
                name="party_kind_known",
            )
        ]

    def __str__(self) -> str:
        return f"party {self.pk} ({self.kind})"


class Organisation(models.Model):
    """A hospital, clinic, pharmacy, insurer, authority or platform."""

    class Kind(models.TextChoices):
        HOSPITAL = "hospital", "医院"
        CLINIC = "clinic", "诊所"
        TOWNSHIP_HOSPITAL = "township_hospital", "乡镇卫生院"
        VILLAGE_CLINIC = "village_clinic", "村卫生室"
        PHARMACY = "pharmacy", "药店"
        INSURER = "insurer", "医保经办机构"
        CARE_HOME = "care_home", "养老机构"
        COUNTY_PLATFORM = "county_platform", "县域健康信息平台"
        ENTERPRISE = "enterprise", "企业"
        ZONE = "zone", "开发区管委会"
        ZONE_AUTHORITY = "zone_authority", "开发区主管部门"

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=20, choices=Kind)
    level = models.CharField(max_length=1, default="", blank=True, help_text="3、2、1 或空")
    division = models.CharField(max_length=12, default="", blank=True, help_text="行政区划代码")
    party = models.OneToOneField(Party, on_delete=models.PROTECT, related_name="organisation")
    party_id: int

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    kind__in=(
                        "hospital",
                        "clinic",
                        "township_hospital",
                        "village_clinic",
                        "pharmacy",
                        "insurer",
                        "care_home",
                        "county_platform",
                        "enterprise",
                        "zone",
                        "zone_authority",
                    )
                ),
                name="organisation_kind_known",
            ),
            models.CheckConstraint(
                condition=models.Q(level__in=("", "1", "2", "3")), name="organisation_level_known"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Accounts(BaseUserManager["Account"]):
    """Finds accounts by user name; accounts are made by `base.public.create_account`."""

    def get_queryset(self) -> models.QuerySet[Account]:
        """Accounts with their organisation, which every request of theirs needs."""
        return super().get_queryset().select_related("organisation")

    def get_by_natural_key(self, username: str | None) -> Account:
        """The account of a user name, however it was typed."""
        return self.get(username=self.model.normalize_username(username or ""))


class Account(AbstractBaseUser, PermissionsMixin):
    """Someone or something that signs in: staff, a resident or a system."""

    class Kind(models.TextChoices):
        STAFF = "staff", "工作人员"
        RESIDENT = "resident", "居民"
        SYSTEM = "system", "系统"

    username = models.CharField("用户名", max_length=60, unique=True)
    display_name = models.CharField("姓名", max_length=60)
    kind = models.CharField(max_length=10, choices=Kind)
    organisation = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="accounts"
    )
    party = models.OneToOneField(Party, on_delete=models.PROTECT, related_name="account")
    party_id: int
    is_demo = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)

    objects: ClassVar[Accounts] = Accounts()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["display_name", "kind"]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=("staff", "resident", "system")),
                name="account_kind_known",
            )
        ]

    def __str__(self) -> str:
        return f"account {self.pk}"


class Role(models.Model):
    """What an account may do, and for which organisation if that matters."""

    class Name(models.TextChoices):
        RESIDENT = "resident", "居民"
        CLINICIAN = "clinician", "医生"
        VILLAGE_DOCTOR = "village_doctor", "村医"
        TCM_DOCTOR = "tcm_doctor", "中医师"
        PHARMACIST = "pharmacist", "药师"
        CARE_ASSESSOR = "care_assessor", "养老评估员"
        RECORD_STEWARD = "record_steward", "档案管理员"
        ANALYST = "analyst", "数据分析员"
        AUDITOR = "auditor", "医保审核员"
        HOSPITAL = "hospital", "医院医保办"
        ZONE_OFFICER = "zone_officer", "开发区专员"
        PANEL_EXPERT = "panel_expert", "评审专家"
        ENTERPRISE = "enterprise", "入园企业"
        ADMINISTRATOR = "administrator", "系统管理员"
        SECURITY_AUDITOR = "security_auditor", "安全审计员"

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="roles")
    role = models.CharField(max_length=20, choices=Name)
    organisation = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    role__in=(
                        "resident",
                        "clinician",
                        "village_doctor",
                        "tcm_doctor",
                        "pharmacist",
                        "care_assessor",
                        "record_steward",
                        "analyst",
                        "auditor",
                        "hospital",
                        "zone_officer",
                        "panel_expert",
                        "enterprise",
                        "administrator",
                        "security_auditor",
                    )
                ),
                name="role_known",
            ),
            models.UniqueConstraint(
                fields=("account", "role", "organisation"), name="role_once_per_organisation"
            ),
            models.UniqueConstraint(
                fields=("account", "role"),
                condition=models.Q(organisation__isnull=True),
                name="role_once_without_organisation",
            ),
        ]

    def __str__(self) -> str:
        return self.role


class TrailRow(models.Model):
    """
    One change: who, when, what, to which subject. Append-only and sealed.

    `detail` is compact JSON text, so that its bytes stay as they were written.
    """

    at_us = models.BigIntegerField()
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=120)
    by = models.BigIntegerField(null=True, help_text="party; empty for the system itself")
    detail = models.TextField(default="")

    class Meta:
        db_table = "base_trail"
        indexes = [models.Index(fields=["subject", "id"], name="trail_subject")]

    def __str__(self) -> str:
        return f"{self.pk} {self.action}"

    @property
    def at(self) -> datetime:
        """The moment of the change."""
        return moment(self.at_us)


class AccessEntry(models.Model):
    """
    One answer that held personal data, or the refusal of one: who asked, why, for whom.

    `persons` lists the person numbers, ascending and comma-separated; it is what is sealed.
    """

    at_us = models.BigIntegerField()
    party = models.BigIntegerField()
    purpose = models.CharField(max_length=12)
    action = models.CharField(max_length=60)
    route = models.CharField(max_length=120)
    persons = models.TextField()
    client = models.CharField(max_length=60, default="")
    outcome = models.CharField(max_length=12, default="ok")

    class Meta:
        db_table = "base_access"

    def __str__(self) -> str:
        return f"{self.pk} {self.action}"


class AccessEntryPerson(models.Model):
    """Finds the entries of a person; what it says must follow from `AccessEntry.persons`."""

    pk = models.CompositePrimaryKey("person", "entry")
    person = models.BigIntegerField()
    entry = models.BigIntegerField()

    class Meta:
        db_table = "base_access_person"

    def __str__(self) -> str:
        return f"entry {self.entry}"


class Seal(models.Model):
    """
    A block of a chain that can no longer change unseen.

    `digest` is SHA-256 over the digests of the block's rows, `head` SHA-256 over the head
    before and this digest. `marks` holds the first 8 bytes of each row's digest: they name
    the very row when the digest does not fit. `total` counts the rows of the chain so far.
    """

    chain = models.CharField(max_length=40)
    first_seq = models.BigIntegerField()
    last_seq = models.BigIntegerField()
    count = models.IntegerField()
    total = models.BigIntegerField()
    marks = models.BinaryField()
    digest = models.BinaryField()
    head = models.BinaryField()
    at_us = models.BigIntegerField()

    class Meta:
        db_table = "base_seal"
        constraints = [
            models.UniqueConstraint(fields=("chain", "last_seq"), name="seal_once"),
        ]

    def __str__(self) -> str:
        return f"{self.chain} to {self.last_seq}"


class WorkflowStep(models.Model):
    """One transition that was taken. A new state is a new row."""

    workflow = models.CharField(max_length=60)
    subject = models.CharField(max_length=120)
    number = models.IntegerField(help_text="1, 2, 3 … per workflow and subject")
    action = models.CharField(max_length=60)
    source = models.CharField(max_length=60)
    target = models.CharField(max_length=60)
    by = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    due = models.DateField(null=True)
    note = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("workflow", "subject", "number"), name="workflow_one_step_at_a_time"
            )
        ]
        indexes = [models.Index(fields=["subject"], name="workflow_subject")]

    def __str__(self) -> str:
        return f"{self.subject} {self.source}→{self.target}"


class Task(models.Model):
    """
    Something to be done later, enqueued in the transaction that asks for it.

    `due_at` is when it was asked for (empty: at once), `retry_at` when a failed one is tried
    again. A lease that has ended, or that ends later than a lease can, belongs to nobody.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "等待"
        DONE = "done", "完成"
        FAILED = "failed", "失败"

    kind = models.CharField(max_length=60)
    payload: models.JSONField[Any, Any] = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    enqueued_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    attempts = models.IntegerField(default=0)
    retry_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    lease = models.CharField(max_length=32, default="", blank=True)
    done_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, default="", blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=("waiting", "done", "failed")), name="task_state_known"
            )
        ]
        indexes = [models.Index(fields=["state", "id"], name="task_state")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
