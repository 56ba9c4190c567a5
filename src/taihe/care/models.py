"""
Tables of elder care.

Two rules are the database's: a bed has one stay at a time, and a person one stay at a time.
Assessments, events and marks are never changed: a new one is a new row.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q


class Bed(models.Model):
    """A bed of a care home."""

    organisation = models.CharField(max_length=40)
    room = models.CharField(max_length=20)
    label = models.CharField(max_length=20)

    stays: Any

    class Meta:
        db_table = "care_bed"
        constraints = [
            models.UniqueConstraint(fields=["organisation", "room", "label"], name="care_bed_once")
        ]

    def __str__(self) -> str:
        return f"{self.room} {self.label}"


class Stay(models.Model):
    """A person's stay; a change of bed is a row of the trail."""

    person = models.BigIntegerField()
    organisation = models.CharField(max_length=40)
    bed = models.ForeignKey(Bed, on_delete=models.PROTECT, related_name="stays")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        db_table = "care_stay"
        constraints = [
            models.UniqueConstraint(
                fields=["bed"], condition=Q(until=None), name="care_bed_is_used_once"
            ),
            models.UniqueConstraint(
                fields=["person"], condition=Q(until=None), name="care_person_lives_once"
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=models.F("since")), name="care_stay_order"
            ),
        ]
        indexes = [models.Index(fields=["organisation", "until"], name="care_stay_where")]

    def __str__(self) -> str:
        return f"stay {self.pk}"

    @property
    def subject(self) -> str:
        """Its name in trail and relations."""
        return f"stay:{self.pk}"


class Assessment(models.Model):
    """A filled form of GB/T 42195-2022 with the level as it was decided."""

    person = models.BigIntegerField()
    stay = models.ForeignKey(Stay, on_delete=models.PROTECT, related_name="assessments")
    why = models.CharField(max_length=10)
    answers: models.JSONField[Any, Any] = models.JSONField()
    facts: models.JSONField[Any, Any] = models.JSONField()
    total = models.IntegerField()
    groups: models.JSONField[Any, Any] = models.JSONField()
    initial = models.CharField(max_length=20)
    final = models.CharField(max_length=20)
    rules: models.JSONField[Any, Any] = models.JSONField()
    unverified: models.JSONField[Any, Any] = models.JSONField(default=list)
    second = models.CharField(max_length=80, help_text="name of the second assessor")
    by = models.BigIntegerField()
    by_name = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        db_table = "care_assessment"
        indexes = [models.Index(fields=["person", "at"], name="care_assessment_person")]

    def __str__(self) -> str:
        return f"assessment {self.pk}"

    @property
    def subject(self) -> str:
        """Its name in the trail."""
        return f"assessment:{self.pk}"


class Event(models.Model):
    """A care-risk event (照护风险事件): it counts for the level for 30 days."""

    stay = models.ForeignKey(Stay, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=20)
    on = models.DateField()
    note = models.CharField(max_length=300, default="", blank=True)
    by = models.BigIntegerField()
    by_name = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        db_table = "care_event"

    def __str__(self) -> str:
        return f"event {self.pk}"


class TaskMark(models.Model):
    """Somebody did a task, left it with a reason, or took that back."""

    stay = models.ForeignKey(Stay, on_delete=models.PROTECT, related_name="marks")
    day = models.DateField()
    key = models.CharField(max_length=40)
    slot = models.CharField(max_length=10)
    number = models.IntegerField()
    state = models.CharField(max_length=8)
    note = models.CharField(max_length=200, default="", blank=True)
    by = models.BigIntegerField()
    by_name = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        db_table = "care_task_mark"
        constraints = [
            models.UniqueConstraint(
                fields=["stay", "day", "key", "slot", "number"], name="care_mark_once"
            )
        ]

    def __str__(self) -> str:
        return f"mark {self.pk}"
