"""Forms of elder care. The assessment form is made from the items of the instrument."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import forms

from taihe.care import rules
from taihe.care.actions import WHYS
from taihe.care.domain.assess import FACTS, GROUPS
from taihe.care.instrument import instrument
from taihe.care.models import Bed

YES_NO = [("no", "否"), ("yes", "是")]


class AssessmentForm(forms.Form):
    """
    The items of GB/T 42195-2022 and the reasons that make a level worse.

    Nothing is guessed: an item without an answer is asked back by its name, and the yes-no
    questions must be answered too.
    """

    why = forms.ChoiceField(
        label="评估原因",
        choices=list(WHYS.items()),
        error_messages={"required": "请选评估原因。", "invalid_choice": "请选评估原因。"},
    )
    second = forms.CharField(
        label="另一位评估员",
        max_length=80,
        help_text="评估由两人进行；您的姓名自动记入。",
        error_messages={"required": "请写另一位评估员的姓名。"},
    )
    coma = forms.ChoiceField(
        label="现在处于昏迷状态",
        choices=YES_NO,
        widget=forms.RadioSelect,
        error_messages={"required": "请回答是或否。"},
    )
    dementia_or_mental_dx = forms.ChoiceField(
        label="确诊痴呆（F00～F03）或其他精神和行为障碍（F04～F99）",
        choices=YES_NO,
        widget=forms.RadioSelect,
        error_messages={"required": "请回答是或否。"},
    )
    care_risk_events_30d = forms.IntegerField(
        label="近 30 天照护风险事件次数",
        min_value=0,
        max_value=99,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "size": 4}),
        help_text="跌倒、走失、噎食、自杀自伤等；没有就写 0。",
        error_messages={
            "required": "没有就写 0。",
            "invalid": "请写整数。",
            "min_value": "不能小于 0。",
            "max_value": "次数太多，请核对。",
        },
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.codes: dict[str, str] = {}
        self._groups: dict[str, list[str]] = {}
        for number, item in enumerate(instrument().items, 1):
            name = f"i{number}"
            self.codes[name] = item.code
            self._groups.setdefault(item.group, []).append(name)
            self.fields[name] = forms.ChoiceField(
                label=f"{item.code.removeprefix('B.')} {item.name}",
                choices=[
                    (str(score), f"{score} 分") for score in sorted(item.scores, reverse=True)
                ],
                widget=forms.RadioSelect,
                error_messages={
                    "required": "这一项没有评。",
                    "invalid_choice": "这一项没有这个分值。",
                },
            )

    @property
    def groups(self) -> list[tuple[str, list[Any]]]:
        """The bound fields by group of the standard."""
        return [(GROUPS[code], [self[n] for n in names]) for code, names in self._groups.items()]

    @property
    def blank(self) -> list[str]:
        """The names of items that were not answered."""
        return [
            str(self.fields[n].label)
            for n in self.codes
            if n in self.errors and not self[n].value()
        ]

    @property
    def answers(self) -> dict[str, int]:
        """The scores by item code."""
        return {code: int(self.cleaned_data[name]) for name, code in self.codes.items()}

    @property
    def facts(self) -> dict[str, Any]:
        """The reasons that make a level worse."""
        given = self.cleaned_data
        return {
            "coma": given["coma"] == "yes",
            "dementia_or_mental_dx": given["dementia_or_mental_dx"] == "yes",
            "care_risk_events_30d": given["care_risk_events_30d"],
        }


assert set(FACTS) <= set(AssessmentForm.base_fields)


class AdmitForm(forms.Form):
    """Who comes in, by a whole number from a card, and onto which bed."""

    number = forms.CharField(
        label="身份证号或医保编号",
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="照证件完整输入。输入后才会打开这位老人的健康档案。",
        error_messages={"required": "请照证件输入号码。"},
    )
    bed = forms.ChoiceField(label="床位", error_messages={"required": "请选一张空床。"})
    consent = forms.BooleanField(
        label="老人本人或监护人已同意入住，并同意本院在住期间查看健康档案",
        error_messages={"required": "没有同意不能办理。"},
    )

    def __init__(self, *args: Any, free: Sequence[Bed], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["bed"].choices = [(bed.pk, f"{bed.room} 房 {bed.label}") for bed in free]  # type: ignore[attr-defined]

    def clean_number(self) -> str:
        """Letters and digits only; the whole number, not a part."""
        text = "".join(str(self.cleaned_data["number"]).split()).upper()
        if not re.fullmatch(r"[0-9A-Z]{8,40}", text):
            raise forms.ValidationError("号码不完整，或有别的符号。")
        return text


class BedForm(forms.Form):
    """A new bed."""

    room = forms.CharField(
        label="房间", max_length=20, error_messages={"required": "请写房间，例如 201。"}
    )
    label = forms.CharField(
        label="床号", max_length=20, error_messages={"required": "请写床号，例如 1 床。"}
    )


class EventForm(forms.Form):
    """A care-risk event."""

    kind = forms.ChoiceField(label="事件", error_messages={"required": "请选事件种类。"})
    on = forms.DateField(
        label="日期",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "请写日期。", "invalid": "日期写成 2026-11-24 这样。"},
    )
    note = forms.CharField(
        label="经过和处理", required=False, max_length=300, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["kind"].choices = list(rules.event_kinds().items())  # type: ignore[attr-defined]
