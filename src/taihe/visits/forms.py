"""Forms of referrals and sessions. What is missing or cannot be is asked back per field."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms

from taihe.base.public import Organisation
from taihe.visits.actions import FARTHEST_DAYS, MOST_PLACES, ReferralText, ReturnText
from taihe.visits.domain.sessions import HALVES


def _text(label: str, *, rows: int = 3, most: int = 1000, needed: bool = True, **more: Any) -> Any:
    return forms.CharField(
        label=label,
        required=needed,
        max_length=most,
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages={"required": "请填写。"},
        **more,
    )


class ReferralForm(forms.Form):
    """The form of a referral (转诊单)."""

    target = forms.ChoiceField(label="转往机构", error_messages={"required": "请选择接收机构。"})
    department = forms.CharField(label="转往科室", required=False, max_length=60)
    is_urgent = forms.BooleanField(label="紧急转诊", required=False)
    impression = forms.CharField(
        label="初步印象", max_length=200, error_messages={"required": "请填写初步印象。"}
    )
    reason = _text("转诊原因", rows=2, most=500)
    history = _text("主要现病史和既往史", needed=False)
    treatment = _text("治疗经过", needed=False)

    def __init__(self, *args: Any, places: list[Organisation], **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [("", "请选择"), *((place.code, place.name) for place in places)]
        self.fields["target"].choices = choices  # type: ignore[attr-defined]

    @property
    def text(self) -> ReferralText:
        """What the form says."""
        return ReferralText(**self.cleaned_data)


class ReturnForm(forms.Form):
    """What comes back with the person (回转单)."""

    diagnosis = forms.CharField(
        label="诊断结果", max_length=200, error_messages={"required": "请填写诊断结果。"}
    )
    results = _text("主要检查结果", rows=2)
    treated = _text("治疗经过", rows=2)
    plan = _text("下一步治疗方案和康复建议", rows=3)

    @property
    def text(self) -> ReturnText:
        """What the form says."""
        return ReturnText(**self.cleaned_data)


class SessionForm(forms.Form):
    """Half a day that can be booked."""

    department = forms.CharField(
        label="科室", max_length=60, error_messages={"required": "请填写科室。"}
    )
    doctor = forms.CharField(label="医生", required=False, max_length=60, help_text="可以不写。")
    day = forms.DateField(
        label="日期",
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": "请选择日期。", "invalid": "请按 2026-11-30 的格式写日期。"},
    )
    half = forms.ChoiceField(label="时段", choices=list(HALVES.items()))
    capacity = forms.IntegerField(
        label="号数",
        min_value=1,
        max_value=MOST_PLACES,
        initial=20,
        error_messages={
            "required": "请填写号数。",
            "invalid": "请写整数。",
            "min_value": "至少 1 个号。",
            "max_value": f"最多 {MOST_PLACES} 个号。",
        },
    )

    def __init__(self, *args: Any, today: date, **options: Any) -> None:
        super().__init__(*args, **options)
        self.today = today

    def clean_day(self) -> date:
        """Between today and 90 days from now."""
        day: date = self.cleaned_data["day"]
        if day < self.today:
            raise forms.ValidationError("日期已经过去。")
        if day > self.today + timedelta(days=FARTHEST_DAYS):
            raise forms.ValidationError(f"最远只能排到 {FARTHEST_DAYS} 天之内。")
        return day
