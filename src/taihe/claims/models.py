"""
Tables of claims: the row store of the exchange tables, findings and cases.

Claim rows hold whole numbers: codes of the installation's dictionary, day numbers since
1970-01-01, money in fen, quantities in ten-thousandths. Personal data is read through
`record.access` only.
"""

from __future__ import annotations

from typing import Any

from django.db import models


class ClaimPerson(models.Model):
    """An insured person as the insurer numbers them; `person` is the record's number if known."""

    psn = models.BigAutoField(primary_key=True)
    psn_no = models.CharField(max_length=64, unique=True)
    person = models.BigIntegerField(null=True)
    sex = models.SmallIntegerField(null=True)
    born_day = models.IntegerField(null=True)

    class Meta:
        db_table = "claims_person"
        indexes = [models.Index(fields=["person"], name="claims_person_person")]

    def __str__(self) -> str:
        return f"insured {self.psn}"


class ClaimEncounter(models.Model):
    """A visit or stay that was charged. `org` is a code of the dictionary."""

    enc = models.BigAutoField(primary_key=True)
    mdtrt_id = models.CharField(max_length=64, unique=True)
    psn = models.BigIntegerField()
    org = models.BigIntegerField()
    level = models.SmallIntegerField(null=True)
    visit = models.SmallIntegerField(null=True)
    internet = models.SmallIntegerField(default=0)
    insurance = models.SmallIntegerField(null=True)
    begin_day = models.IntegerField()
    end_day = models.IntegerField(null=True)

    class Meta:
        db_table = "claims_encounter"
        indexes = [models.Index(fields=["psn", "begin_day"], name="claims_encounter_psn")]

    def __str__(self) -> str:
        return f"encounter {self.enc}"


class ClaimLine(models.Model):
    """One charged line. `init_sn` names the line that a negative line refunds."""

    line = models.BigAutoField(primary_key=True)
    feedetl_sn = models.CharField(max_length=64, unique=True)
    enc = models.BigIntegerField()
    psn = models.BigIntegerField()
    org = models.BigIntegerField()
    day = models.IntegerField()
    code = models.BigIntegerField()
    qty = models.BigIntegerField()
    price_fen = models.BigIntegerField(null=True)
    fen = models.BigIntegerField()
    init_sn = models.CharField(max_length=64, default="", blank=True)

    class Meta:
        db_table = "claims_line"
        indexes = [
            models.Index(fields=["enc"], name="claims_line_enc"),
            models.Index(fields=["psn", "day"], name="claims_line_psn_day"),
        ]

    def __str__(self) -> str:
        return f"line {self.line}"


class ClaimItem(models.Model):
    """The name of a code of the insurance list, as it was last sent."""

    code = models.BigIntegerField(primary_key=True)
    hilist_code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=300, default="", blank=True)

    class Meta:
        db_table = "claims_item"

    def __str__(self) -> str:
        return self.hilist_code


class Case(models.Model):
    """
    What a reviewer works on. Its state is the last step of `claims.case`.

    `verdict` says how a closed case spoke about its rule row (`case_workflow.verdict_of`).
    """

    number = models.CharField(max_length=20, unique=True)
    state = models.CharField(max_length=20)
    organisation = models.CharField(max_length=40)
    person = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=40)
    severity = models.CharField(max_length=1)
    amount_fen = models.BigIntegerField()
    day = models.IntegerField(null=True)
    opened_at = models.DateTimeField()
    due = models.DateField(null=True)
    record_opened = models.BooleanField(default=False)
    verdict = models.CharField(max_length=10, default="", blank=True)

    class Meta:
        db_table = "claims_case"
        indexes = [
            models.Index(fields=["state", "kind"], name="claims_case_state"),
            models.Index(fields=["organisation", "state"], name="claims_case_organisation"),
            models.Index(fields=["person"], name="claims_case_person"),
            models.Index(fields=["kind", "state", "amount_fen"], name="claims_case_queue"),
        ]

    def __str__(self) -> str:
        return f"case {self.number}"

    @property
    def subject(self) -> str:
        """Its name in workflow and trail."""
        return f"case:{self.pk}"


class Finding(models.Model):
    """
    What a rule row found, with the rule as it was then.

    `key` is a digest of what makes it the same finding in a second audit; `lines_digest` tells
    whether the lines have changed since.
    """

    key = models.CharField(max_length=64, unique=True)
    lines_digest = models.CharField(max_length=64)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="findings")
    kind = models.CharField(max_length=40)
    class_seq = models.SmallIntegerField()
    template = models.CharField(max_length=4)
    rule_row = models.CharField(max_length=120)
    rule_version = models.CharField(max_length=20, default="", blank=True)
    point = models.CharField(max_length=40, default="", blank=True)
    status = models.CharField(max_length=12)
    source = models.TextField()
    clause = models.TextField(default="", blank=True)
    parameters: models.JSONField[Any, Any] = models.JSONField(default=dict)
    rule_key = models.CharField(max_length=200)
    person = models.BigIntegerField(null=True)
    psn = models.BigIntegerField()
    organisation = models.CharField(max_length=40)
    enc = models.BigIntegerField(null=True)
    day = models.IntegerField(null=True)
    amount_fen = models.BigIntegerField()
    severity = models.CharField(max_length=1)
    found_at = models.DateTimeField()

    class Meta:
        db_table = "claims_finding"
        indexes = [
            models.Index(fields=["kind", "organisation", "day"], name="claims_finding_kind"),
            models.Index(fields=["rule_row"], name="claims_finding_rule"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(severity__in=("V", "S", "M")), name="claims_finding_severity"
            )
        ]

    def __str__(self) -> str:
        return f"finding {self.pk} {self.kind}"


class FindingLine(models.Model):
    """A line of a finding: violating (to be refunded) or involved (what it conflicts with)."""

    finding = models.ForeignKey(Finding, on_delete=models.CASCADE, related_name="lines")
    line = models.BigIntegerField()
    violating = models.BooleanField()

    class Meta:
        db_table = "claims_finding_line"
        constraints = [
            models.UniqueConstraint(fields=["finding", "line"], name="claims_finding_line_once")
        ]

    def __str__(self) -> str:
        return f"line {self.line}"


class Appeal(models.Model):
    """
    What a hospital answered, once in each round: never changed.

    `evidence` is a list of {item, held, text}: the documents of the class's list, whether the
    hospital has them, and what they say. Texts only; files stay in the hospital.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="appeals")
    round = models.SmallIntegerField()
    statement = models.TextField()
    evidence: models.JSONField[Any, Any] = models.JSONField(default=list)
    by = models.BigIntegerField(help_text="party of the account")
    at = models.DateTimeField()

    class Meta:
        db_table = "claims_appeal"
        constraints = [models.UniqueConstraint(fields=["case", "round"], name="claims_appeal_once")]

    def __str__(self) -> str:
        return f"appeal {self.case_id}/{self.round}"


class PanelVote(models.Model):
    """One member's vote about a second appeal: uphold or dismiss, with a reason."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="votes")
    verdict = models.CharField(max_length=10)
    note = models.TextField()
    by = models.BigIntegerField(help_text="party of the account")
    at = models.DateTimeField()

    class Meta:
        db_table = "claims_panel_vote"
        constraints = [
            models.UniqueConstraint(fields=["case", "by"], name="claims_panel_vote_once"),
            models.CheckConstraint(
                condition=models.Q(verdict__in=("uphold", "dismiss")),
                name="claims_panel_vote_known",
            ),
        ]

    def __str__(self) -> str:
        return f"vote {self.case_id} {self.verdict}"
