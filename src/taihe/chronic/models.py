"""
Tables of chronic care.

*Facts* (`Somebody`, `Diagnosis`, `Reading`) are what the record's feed says, by resource;
`Entry` is decided from them by rule rows. Both can be dropped and rebuilt. A `Visit`, an
`Alert` and a `Device` are this context's own; a visit is never overwritten: a correction is
its next version.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

DISEASES = ("hypertension", "t2dm")
DISEASE_WORDS = {"hypertension": "高血压", "t2dm": "2型糖尿病"}
FORM_OF = {"hypertension": "htn", "t2dm": "t2dm"}


class Position(models.Model):
    """How far a follower has read the record's feed."""

    name = models.CharField(max_length=40, primary_key=True)
    feed = models.BigIntegerField(default=0)

    class Meta:
        db_table = "chronic_position"


class Somebody(models.Model):
    """A Patient resource: the number of the person, birthday, sex, whether dead."""

    resource = models.CharField(max_length=80, primary_key=True)
    person = models.BigIntegerField(db_index=True)
    born = models.DateField(null=True)
    sex = models.CharField(max_length=10)
    dead = models.BooleanField()

    class Meta:
        db_table = "chronic_somebody"


class Diagnosis(models.Model):
    """A Condition resource with an ICD-10 code."""

    resource = models.CharField(max_length=80, primary_key=True)
    person = models.BigIntegerField(db_index=True)
    code = models.CharField(max_length=40)
    on = models.DateField()

    class Meta:
        db_table = "chronic_diagnosis"


class Reading(models.Model):
    """An Observation resource: a pressure in mmHg, or a fasting glucose in mmol/L."""

    resource = models.CharField(max_length=80, primary_key=True)
    person = models.BigIntegerField()
    kind = models.CharField(max_length=4)
    at = models.DateTimeField()
    sbp_mmhg = models.FloatField(null=True)
    dbp_mmhg = models.FloatField(null=True)
    fpg_mmol = models.FloatField(null=True)
    home = models.BooleanField()

    class Meta:
        db_table = "chronic_reading"
        indexes: ClassVar = [models.Index(fields=["person", "at"], name="chronic_reading_person")]


class Entry(models.Model):
    """
    One person in the registry of one disease.

    `person` is the current number; `since` the first evidence, `begins` the day from which
    the programme counts (the 35th birthday at the earliest); `evidence` a FHIR reference;
    `rules` the rule rows, joined by |. Who is responsible is the `family_doctor` relation of
    the record and is asked when it is needed.
    """

    class Standing(models.TextChoices):
        REGISTERED = "registered", "已纳入管理"
        SUSPECTED = "suspected", "待确诊"

    person = models.BigIntegerField()
    disease = models.CharField(max_length=12)
    standing = models.CharField(max_length=10, choices=Standing)
    since = models.DateField()
    begins = models.DateField()
    born = models.DateField()
    sex = models.CharField(max_length=10)
    dead = models.BooleanField()
    evidence = models.CharField(max_length=80)
    rules = models.CharField(max_length=200)

    class Meta:
        db_table = "chronic_entry"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "disease"], name="chronic_entry_once"),
            models.CheckConstraint(
                condition=models.Q(disease__in=DISEASES), name="chronic_entry_disease"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["disease", "standing"], name="chronic_entry_disease_ix")
        ]


class Visit(models.Model):
    """
    One version of a follow-up visit. `key` names the visit, the highest `version` counts.

    `answers` holds every field of the form as it was written; `rules`, `dangers` and `ruler`
    say how class, action and next day were decided. `seconds` is how long the form was open.
    """

    key = models.UUIDField()
    version = models.IntegerField(default=1)
    person = models.BigIntegerField()
    disease = models.CharField(max_length=12)
    organisation = models.CharField(max_length=40)
    by = models.BigIntegerField(help_text="party of the account that wrote it")
    by_name = models.CharField(max_length=80)
    at = models.DateTimeField()
    visited_on = models.DateField()
    way = models.CharField(max_length=1)
    age_years = models.IntegerField()
    sbp_mmhg = models.FloatField(null=True)
    dbp_mmhg = models.FloatField(null=True)
    fpg_mmol = models.FloatField(null=True)
    answers = models.JSONField()
    cls = models.CharField(max_length=10, blank=True)
    previous_cls = models.CharField(max_length=10, blank=True)
    action = models.CharField(max_length=20)
    next_on = models.DateField()
    dangers = models.JSONField()
    rules = models.JSONField()
    ruler = models.CharField(max_length=20)
    reason = models.CharField(max_length=200, blank=True, help_text="why it was corrected")
    seconds = models.IntegerField(null=True)

    class Meta:
        db_table = "chronic_visit"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key", "version"], name="chronic_visit_version"),
            models.CheckConstraint(
                condition=models.Q(disease__in=DISEASES), name="chronic_visit_disease"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["person", "disease", "visited_on"], name="chronic_visit_person")
        ]

    @property
    def subject(self) -> str:
        """Its name in the trail."""
        return f"visit:{self.key}"


class Alert(models.Model):
    """
    An alarm of a person for one cause; while it waits, further readings count into it.

    `rule` is the row that raised it, `evidence` the newest Observation. `times` is how many
    readings; a second one confirms.
    """

    person = models.BigIntegerField()
    cause = models.CharField(max_length=20)
    state = models.CharField(max_length=10, default="open")
    is_waiting = models.BooleanField(default=True)
    opened_at = models.DateTimeField()
    last_at = models.DateTimeField()
    times = models.IntegerField(default=1)
    value = models.CharField(max_length=30)
    rule = models.CharField(max_length=60)
    evidence = models.CharField(max_length=80)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "chronic_alert"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "cause"],
                condition=models.Q(is_waiting=True),
                name="chronic_alert_one_waiting",
            )
        ]

    @property
    def subject(self) -> str:
        """Its name in workflow and trail."""
        return f"alert:{self.pk}"


class Device(models.Model):
    """Whose a measuring device is, from a moment; `until` None is now. `code` as it sends it."""

    code = models.CharField(max_length=40)
    person = models.BigIntegerField()
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    by = models.BigIntegerField()

    class Meta:
        db_table = "chronic_device"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["code"], condition=models.Q(until=None), name="chronic_device_one_owner"
            )
        ]


class Received(models.Model):
    """A home reading that was taken: when it came, and a digest, so that a second is known."""

    resource = models.CharField(max_length=80, primary_key=True)
    digest = models.CharField(max_length=64)
    received_at = models.DateTimeField()
    by = models.BigIntegerField(help_text="party that sent it")

    class Meta:
        db_table = "chronic_received"
