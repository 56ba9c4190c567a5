"""
Tables of medicine: prescriptions with lines and what checks said, and their dispensing.

A prescription is dispensed at most once because `Dispensing.prescription` is unique: the
database decides between pharmacies that come at the same moment. Of the token on the QR code
only a digest is kept.
"""

from __future__ import annotations

from typing import Any

from django.db import models


class Prescription(models.Model):
    """A prescription. Its state is the last step of `medicine.prescription`."""

    number = models.CharField(max_length=24, unique=True)
    kind = models.CharField(max_length=8)
    state = models.CharField(max_length=12)
    person = models.BigIntegerField()
    organisation = models.CharField(max_length=40)
    author = models.BigIntegerField(help_text="party of the account that wrote it")
    author_name = models.CharField(max_length=80)
    day = models.DateField()
    diagnosis = models.CharField(max_length=200)
    is_pregnant = models.BooleanField(null=True)
    doses = models.IntegerField(null=True)
    usage = models.CharField(max_length=200, default="", blank=True)
    reason = models.CharField(max_length=500, default="", blank=True)
    insurance = models.CharField(max_length=4)
    valid_for = models.IntegerField(default=1, help_text="days, the day of signing included")
    verdict = models.CharField(max_length=8, default="", blank=True)
    written_at = models.DateTimeField()
    valid_until = models.DateField(null=True)
    nonce = models.CharField(max_length=32, default="", blank=True)
    token_digest = models.CharField(max_length=64, null=True, unique=True)

    lines: Any
    checks: Any
    presentations: Any

    class Meta:
        db_table = "medicine_prescription"
        indexes = [
            models.Index(fields=["person", "day"], name="medicine_prescription_person"),
            models.Index(fields=["author", "state"], name="medicine_prescription_author"),
        ]

    def __str__(self) -> str:
        return f"prescription {self.number}"

    @property
    def subject(self) -> str:
        """Its name in workflow and trail."""
        return f"prescription:{self.pk}"


class PrescriptionLine(models.Model):
    """One item. `quantity` is what is given out, for slices grams of one dose."""

    prescription = models.ForeignKey(Prescription, on_delete=models.CASCADE, related_name="lines")
    position = models.IntegerField()
    code = models.CharField(max_length=40, default="", blank=True)
    name = models.CharField(max_length=120)
    quantity = models.DecimalField(max_digits=9, decimal_places=3)
    unit = models.CharField(max_length=10)
    usage = models.CharField(max_length=120, default="", blank=True)
    days = models.IntegerField(null=True)

    class Meta:
        db_table = "medicine_line"
        constraints = [
            models.UniqueConstraint(
                fields=["prescription", "position"], name="medicine_line_position"
            ),
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="medicine_line_some"),
        ]

    def __str__(self) -> str:
        return f"line {self.position} of {self.prescription_id}"


class CheckResult(models.Model):
    """What a check said when the prescription was last checked."""

    prescription = models.ForeignKey(Prescription, on_delete=models.CASCADE, related_name="checks")
    check_name = models.CharField(max_length=40)
    result = models.CharField(max_length=8)
    rule_id = models.CharField(max_length=160)
    message = models.TextField()
    source = models.TextField()
    clause = models.TextField(default="", blank=True)
    items: models.JSONField[Any, Any] = models.JSONField(default=list)
    checked_at = models.DateTimeField()

    class Meta:
        db_table = "medicine_check"

    def __str__(self) -> str:
        return f"{self.result} {self.rule_id}"


class Presentation(models.Model):
    """A pharmacy was shown the QR code: it may see this prescription until the day ends."""

    prescription = models.ForeignKey(
        Prescription, on_delete=models.CASCADE, related_name="presentations"
    )
    party = models.BigIntegerField(help_text="party of the pharmacy")
    at = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        db_table = "medicine_presentation"
        indexes = [models.Index(fields=["party", "until"], name="medicine_presentation_party")]

    def __str__(self) -> str:
        return f"presentation of {self.prescription_id}"


class Dispensing(models.Model):
    """What a pharmacy gave out. One per prescription, whoever tries."""

    prescription = models.OneToOneField(
        Prescription, on_delete=models.PROTECT, related_name="dispensing"
    )
    organisation = models.CharField(max_length=40)
    organisation_name = models.CharField(max_length=120)
    by = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        db_table = "medicine_dispensing"
        indexes = [models.Index(fields=["organisation", "at"], name="medicine_dispensing_where")]

    def __str__(self) -> str:
        return f"dispensing of {self.prescription_id}"


class TraceCode(models.Model):
    """A package that was given out. No package is sold twice: its code is unique."""

    code = models.CharField(max_length=20, unique=True)
    dispensing = models.ForeignKey(Dispensing, on_delete=models.PROTECT, related_name="packages")
    line = models.ForeignKey(PrescriptionLine, on_delete=models.PROTECT, related_name="packages")

    class Meta:
        db_table = "medicine_trace_code"

    def __str__(self) -> str:
        return f"package of {self.dispensing_id}"
