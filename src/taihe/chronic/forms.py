"""
The visit form, made from the rows of `forms.csv`.

Danger signs come first and must be answered; what cannot be is refused in words; two
pressures that look swapped are asked back. Class, next day and signature are no fields: they
are decided.
"""

from __future__ import annotations

import math
import uuid
from datetime import date, timedelta
from time import time
from typing import Any

from django import forms
from django.core import signing

from taihe.chronic import models, rules
from taihe.chronic.actions import Written
from taihe.chronic.domain.follow_up import Disease, Visit
from taihe.chronic.rules import FormField

NONE = "none"
NO_SYMPTOM = "1"
DECIDED = ("visited_on", "danger_signs", "class", "next_on", "doctor")
MEASURES = {"hypertension": ("sbp_mmhg", "dbp_mmhg"), "t2dm": ("fpg_mmol", "sbp_mmhg", "dbp_mmhg")}
FIRST = ("way", "symptoms", "sbp_mmhg", "dbp_mmhg", "fpg_mmol", "adherence", "adverse_reaction")
OLDEST = timedelta(days=366)
LONGEST_SECONDS = 1800
SALT = "taihe.chronic.visit"


class Measure(forms.Field):
    """A number with a unit; out of what a reading can be it is asked back."""

    def __init__(self, row: FormField, **options: Any) -> None:
        attrs = {"inputmode": "decimal", "autocomplete": "off", "maxlength": "8"}
        super().__init__(
            label=row.label,
            required=False,
            widget=forms.TextInput(attrs=attrs),
            **options,
        )
        self.unit = row.unit
        self._limit = rules.limits().get(row.field)

    def to_python(self, value: Any) -> float | None:
        """The number, also in full-width digits; words are refused."""
        text = str(value or "").strip().replace("．", ".").replace("。", ".")
        if not text:
            return None
        try:
            found = float(text)
        except ValueError:
            found = math.nan
        if not math.isfinite(found):
            raise forms.ValidationError(f"请写数字，例如 {self.example}。")
        if self._limit and not self._limit.low <= found <= self._limit.high:
            raise forms.ValidationError(
                f"应在 {self._limit.low:g} 到 {self._limit.high:g} {self._limit.unit} 之间，"
                "请核对读数和单位。"
            )
        return found

    @property
    def example(self) -> str:
        """A value as it is written."""
        return {"mmHg": "138", "mmol/L": "6.5", "kg": "62", "%": "6.8"}.get(self.unit, "70")


class VisitForm(forms.Form):
    """One visit of one disease. `swapped` is true when the pressures look exchanged."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    opened = forms.CharField(widget=forms.HiddenInput, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, *args: Any, disease: str, today: date, correcting: bool = False, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.disease, self.today, self.correcting = disease, today, correcting
        self.swapped = False
        self.fields["dangers"] = forms.MultipleChoiceField(
            label="危险情况",
            help_text="有任何一项：紧急处理后立即转诊",
            choices=[(NONE, "下面的情况都没有"), *((w, w) for w in danger_words(disease))],
            widget=forms.CheckboxSelectMultiple,
            error_messages={"required": "请先核对危险情况；都没有就点“下面的情况都没有”。"},
        )
        self.fields["visited_on"] = forms.DateField(
            label="随访日期",
            initial=today,
            widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            error_messages={
                "required": "请填写随访日期。",
                "invalid": "请写成 2026-11-24 的样子。",
            },
        )
        for row in rules.form_fields(models.FORM_OF[disease]):
            if row.field not in DECIDED:
                for name, made in _fields(row):
                    self.fields[name] = made
        self.fields["adverse_uncontrollable"] = forms.BooleanField(
            label="不良反应难以控制", required=False
        )
        self.fields["complication"] = forms.BooleanField(
            label="出现新的并发症，或原有并发症加重", required=False
        )
        if correcting:
            self.fields["reason"] = forms.CharField(
                label="更正原因",
                max_length=200,
                help_text="原来的内容保留，档案里看得到更正前后。",
                error_messages={"required": "请写明为什么更正。"},
            )

    def clean_visited_on(self) -> date:
        """Not in the future, and within a year."""
        day: date = self.cleaned_data["visited_on"]
        if day > self.today:
            raise forms.ValidationError("随访日期在今天之后，请核对。")
        if day < self.today - OLDEST:
            raise forms.ValidationError("随访日期早于一年前，请核对年份。")
        return day

    def clean(self) -> dict[str, Any]:
        """What needs several fields: contradictions, missing readings, swapped pressures."""
        given = super().clean() or self.cleaned_data
        dangers = given.get("dangers") or []
        if NONE in dangers and len(dangers) > 1:
            self.add_error("dangers", "既选了“都没有”，又选了危险情况，请核对。")
        symptoms = given.get("symptoms") or []
        if NO_SYMPTOM in symptoms and len(symptoms) > 1:
            self.add_error("symptoms", "既选了“无症状”，又选了其他症状，请核对。")
        urgent = bool(dangers) and dangers != [NONE]
        for name in MEASURES[self.disease]:
            if given.get(name) is None and name not in self.errors and not urgent:
                self.add_error(name, f"请填写{self.fields[name].label}。")
        sbp, dbp = given.get("sbp_mmhg"), given.get("dbp_mmhg")
        if (sbp is None) != (dbp is None) and urgent:
            self.add_error("dbp_mmhg" if dbp is None else "sbp_mmhg", "请把另一个血压值也填上。")
        if sbp is not None and dbp is not None and sbp <= dbp:
            self.swapped = sbp < dbp
            self.add_error(
                "sbp_mmhg",
                f"收缩压 {sbp:g} 不高于舒张压 {dbp:g}："
                + ("是不是填反了？" if self.swapped else "请重新测量。"),
            )
        if given.get("adverse_uncontrollable") and given.get("adverse_reaction") == "1":
            self.add_error("adverse_reaction", "选了“不良反应难以控制”，这里却是“无”，请核对。")
        return given

    def written(self, age_years: int) -> Written:
        """The visit as facts and answers."""
        given = self.cleaned_data
        dangers = tuple(word for word in given["dangers"] if word != NONE)
        hidden = ("key", "opened", "version", "reason")
        answers = {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in given.items()
            if name not in hidden and value not in (None, "", [])
        }
        visit = Visit(
            Disease(self.disease),
            age_years=age_years,
            sbp_mmhg=given.get("sbp_mmhg"),
            dbp_mmhg=given.get("dbp_mmhg"),
            fpg_mmol=given.get("fpg_mmol"),
            adverse_reaction=given.get("adverse_reaction") == "2",
            adverse_uncontrollable=bool(given.get("adverse_uncontrollable")),
            new_or_worse_complication=bool(given.get("complication")),
            danger_signs=dangers,
        )
        return Written(visit, given["visited_on"], given["way"], answers)

    def seconds(self) -> int | None:
        """How long the form was open; None when nobody knows or it lay about."""
        try:
            opened = signing.loads(self.cleaned_data["opened"], salt=SALT, max_age=LONGEST_SECONDS)
        except signing.BadSignature:
            return None
        return max(0, round(time() - float(opened)))

    def more(self) -> list[forms.BoundField]:
        """The fields that most visits leave empty."""
        shown = {*FIRST, "key", "opened", "version", "dangers", "visited_on", "reason"}
        shown |= {"complication", "adverse_uncontrollable", "hypoglycaemia"}
        return [bound for bound in self if bound.name not in shown]


def fresh(today: date) -> dict[str, Any]:
    """What a new form starts with: nothing is ticked for the doctor."""
    return {
        "key": uuid.uuid4(),
        "opened": signing.dumps(time(), salt=SALT),
        "visited_on": today,
        "way": "1",
    }


def of_visit(visit: models.Visit) -> dict[str, Any]:
    """A visit as it fills the form that corrects it."""
    return {**visit.answers, "key": visit.key, "version": visit.version}


def danger_words(disease: str) -> list[str]:
    """The danger signs that somebody sees or hears; measured ones are found by themselves."""
    return [row.sign for row in rules.danger_signs() if row.disease == disease and not row.measure]


def _fields(row: FormField) -> list[tuple[str, forms.Field]]:
    """The Django fields of a row; one of now and goal becomes two."""
    required = {"required": f"请选择{row.label}。"}
    if row.kind == "choice":
        return [
            (
                row.field,
                forms.ChoiceField(
                    label=row.label,
                    choices=row.codes,
                    required=row.required,
                    widget=forms.RadioSelect,
                    error_messages=required,
                ),
            )
        ]
    if row.kind == "choices":
        return [
            (
                row.field,
                forms.MultipleChoiceField(
                    label=row.label,
                    choices=row.codes,
                    required=row.required,
                    widget=forms.CheckboxSelectMultiple,
                    error_messages=required,
                ),
            )
        ]
    if row.kind == "number":
        return [(row.field, Measure(row))]
    if row.kind == "now_goal" and row.codes:
        empty = [("", "未填"), *row.codes]
        return [
            (name, forms.ChoiceField(label=label, choices=empty, required=False))
            for name, label in ((row.field, row.label), (f"{row.field}_goal", f"{row.label}目标"))
        ]
    if row.kind == "now_goal":
        goal = Measure(row)
        goal.label = f"{row.label}目标"
        return [(row.field, Measure(row)), (f"{row.field}_goal", goal)]
    if row.kind == "date":
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        return [(row.field, forms.DateField(label=row.label, required=False, widget=widget))]
    return [(row.field, forms.CharField(label=row.label, required=False, max_length=500))]
