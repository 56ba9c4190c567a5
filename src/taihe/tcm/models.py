"""
Tables of TCM: the constitution forms that were judged. Prescriptions belong to `medicine`.

A form that was judged is never changed: filling it in again makes another row.
"""

from __future__ import annotations

from typing import Any

from django.db import models


class ConstitutionForm(models.Model):
    """A filled form of 60 or 33 items with its scores and verdicts, as they were judged."""

    person = models.BigIntegerField()
    form = models.CharField(max_length=2)
    sex = models.CharField(max_length=8, default="", blank=True)
    answers: models.JSONField[Any, Any] = models.JSONField()
    measures: models.JSONField[Any, Any] = models.JSONField(default=dict)
    scores: models.JSONField[Any, Any] = models.JSONField()
    verdicts: models.JSONField[Any, Any] = models.JSONField()
    words = models.CharField(max_length=200)
    filled_by = models.CharField(max_length=8, choices=[("desk", "医师"), ("resident", "本人")])
    by = models.BigIntegerField(help_text="party of the account that sent it")
    by_name = models.CharField(max_length=80)
    organisation = models.CharField(max_length=40, default="", blank=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "tcm_constitution"
        indexes = [models.Index(fields=["person", "at"], name="tcm_constitution_person")]

    def __str__(self) -> str:
        return f"constitution {self.pk}"

    @property
    def subject(self) -> str:
        """Its name in the trail."""
        return f"constitution:{self.pk}"
