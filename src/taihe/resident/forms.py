"""What residents write themselves: a home blood pressure."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.utils import timezone

from taihe.chronic.public import reading_limits


class Whole(forms.Field):
    """A whole number as people type it, also in full-width digits; outside its limits asked back."""

    def __init__(self, fact: str, *, example: str, required: bool = True, **options: Any) -> None:
        attrs = {"inputmode": "numeric", "autocomplete": "off", "maxlength": "4"}
        self.low, self.high, self.unit = reading_limits()[fact]
        super().__init__(required=required, widget=forms.TextInput(attrs=attrs), **options)
        self.error_messages["required"] = "请填写，例如 " + example + "。"
        self.example = example

    def to_python(self, value: Any) -> int | None:
        """The number, or None when blank."""
        text = unicodedata.normalize("NFKC", str(value or "")).strip()
        if not text:
            return None
        if not (text.isascii() and text.isdigit()):
            raise forms.ValidationError(f"请只写数字，例如 {self.example}。")
        if not self.low <= int(text) <= self.high:
            raise forms.ValidationError(
                f"应在 {self.low:g} 到 {self.high:g} 之间，请看清血压计再写一次。"
            )
        return int(text)


class PressureForm(forms.Form):
    """One home reading; what looks swapped is asked back, never turned round by itself."""

    systolic = Whole("sbp_mmhg", label="高压（收缩压）", example="128")
    diastolic = Whole("dbp_mmhg", label="低压（舒张压）", example="78")
    pulse = Whole("heart_rate_bpm", label="心率（可不填）", example="72", required=False)
    day = forms.DateField(
        label="哪一天量的",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "请写日期。", "invalid": "请写成 2026-11-24 的样子。"},
    )
    clock = forms.TimeField(
        label="几点量的",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"required": "请写时间。", "invalid": "请写成 08:30 的样子。"},
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, now: datetime, **options: Any) -> None:
        super().__init__(*args, **options)
        self.now = timezone.localtime(now)
        self.swapped = False

    def clean(self) -> dict[str, Any]:
        """High above low, and not in the future or long ago."""
        given = super().clean() or {}
        high, low = given.get("systolic"), given.get("diastolic")
        if high is not None and low is not None and high <= low:
            self.swapped = True
            self.add_error(
                "systolic", f"高压 {high} 不比低压 {low} 高，可能写反了。请对照血压计再写一次。"
            )
        day, clock = given.get("day"), given.get("clock")
        if isinstance(day, date) and isinstance(clock, time):
            at = datetime.combine(day, clock, self.now.tzinfo)
            if at > self.now:
                self.add_error("clock", "这个时间还没有到，请核对日期和时间。")
            elif (self.now - at).days > 30:
                self.add_error("day", "一个月以前的请交给村医登记。")
            given["at"] = at
        return given

    @property
    def reading(self) -> dict[str, Any]:
        """The reading as `POST /api/v1/telemetry` takes it."""
        given = self.cleaned_data
        return {
            "id": str(given["key"]),
            "kind": "bp",
            "systolic": given["systolic"],
            "diastolic": given["diastolic"],
            "pulse": given.get("pulse"),
            "unit": "mmHg",
            "measured_at": given["at"].isoformat(),
        }
