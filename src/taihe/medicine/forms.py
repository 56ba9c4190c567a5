"""Forms of the prescription desk and of the pharmacy. What cannot be is asked back per field."""

from __future__ import annotations

import unicodedata
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from taihe.kernel.codes import Insurance
from taihe.medicine.domain.catalogue import FOR, resolve
from taihe.medicine.domain.prescription import DraftLine

WESTERN_LINES, TCM_LINES = 5, 16
PREPARATIONS = ("先煎", "后下", "包煎", "另煎", "烊化", "冲服", "捣碎")
UNITS = ("盒", "瓶", "支", "袋", "片", "粒", "贴")
MOST_DOSES = 60


class NumberField(forms.Field):
    """
    A number above zero with at most `places` decimals, as people type it: full width and
    blanks are forgiven, words and units are not.
    """

    def __init__(self, *, most: int, places: int = 0, **options: Any) -> None:
        mode = "decimal" if places else "numeric"
        options.setdefault("widget", forms.TextInput(attrs={"inputmode": mode, "size": 6}))
        super().__init__(**options)
        self.most, self.places = most, places

    def to_python(self, value: Any) -> Decimal | None:
        """The number; None when empty."""
        text = unicodedata.normalize("NFKC", str(value or "")).strip()
        if not text:
            return None
        try:
            number = Decimal(text)
        except InvalidOperation:
            raise ValidationError("请只写数字，不写单位或文字。") from None
        if not number.is_finite() or number <= 0:
            raise ValidationError("须大于 0。")
        if number > self.most:
            raise ValidationError(f"大于 {self.most}，请核对。")
        if -int(number.as_tuple().exponent) > self.places:
            words = f"最多 {self.places} 位小数。" if self.places else "请写整数。"
            raise ValidationError(words)
        return number


class HeadForm(forms.Form):
    """What a prescription says beside its items."""

    diagnosis = forms.CharField(
        label="临床诊断",
        min_length=2,
        max_length=200,
        error_messages={"required": "处方须注明临床诊断。"},
    )
    pregnant = forms.ChoiceField(
        label="是否妊娠",
        required=False,
        choices=[("no", "否"), ("yes", "是")],
        widget=forms.RadioSelect,
    )
    insurance = forms.ChoiceField(
        label="医保类别",
        choices=[(kind.value, kind.label) for kind in Insurance],
        initial=Insurance.RESIDENT.value,
    )
    valid_for = forms.ChoiceField(
        label="有效期",
        choices=[("1", "当日有效"), ("2", "2 天"), ("3", "3 天")],
        initial="1",
        help_text="处方当日有效；特殊情况最长不超过 3 天。",
    )
    reason = forms.CharField(
        label="特殊情况说明",
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="用量超过 7 日等特殊情况须注明理由，例如“高血压病情稳定，按长期处方开具”。",
    )

    def __init__(self, *args: Any, sex: str, age: int | None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.sex = sex
        # Women of reproductive age: 15 to 49 years (WHO); their answer is required.
        self.ask_pregnant = sex == "female" and (age is None or 15 <= age <= 49)
        if not self.ask_pregnant and not self.data.get("pregnant"):
            del self.fields["pregnant"]

    def clean(self) -> dict[str, Any]:
        """Pregnancy is asked of women of childbearing age, and cannot be a man's."""
        given = super().clean() or {}
        answer = given.get("pregnant")
        if answer == "yes" and self.sex == "male":
            self.add_error("pregnant", "登记性别为男，不能填写妊娠；请核对是否选错了居民。")
        elif self.ask_pregnant and not answer and "pregnant" not in self.errors:
            self.add_error("pregnant", "请选择。妊娠影响用药审核。")
        return given

    @property
    def is_pregnant(self) -> bool | None:
        """The answer; None when nobody was asked."""
        return {"yes": True, "no": False}.get(self.cleaned_data.get("pregnant", ""))


class SlicesHeadForm(HeadForm):
    """The same for a prescription of slices, with doses and how they are taken."""

    doses = NumberField(label="剂数", most=MOST_DOSES, error_messages={"required": "请填写剂数。"})
    usage = forms.CharField(
        label="煎服法",
        max_length=200,
        initial="水煎服，每日 1 剂，分 2 次温服",
        error_messages={"required": "请写明煎服法。"},
    )


class WesternLineForm(forms.Form):
    """A drug: what, how it is taken, how long, how much is given out."""

    drug = forms.CharField(label="药品", required=False, max_length=120)
    usage = forms.CharField(label="用法用量", required=False, max_length=120)
    days = NumberField(label="天数", required=False, most=366)
    quantity = NumberField(label="数量", required=False, most=999, places=2)
    unit = forms.ChoiceField(label="单位", required=False, choices=[(unit, unit) for unit in UNITS])
    kind = "western"

    def clean(self) -> dict[str, Any]:
        """A row is empty, or complete; the drug is one of the catalogue."""
        given = super().clean() or {}
        text = str(given.get("drug") or "").strip()
        others = [
            name
            for name in ("usage", "days", "quantity")
            if self.data.get(self.add_prefix(name), "").strip()
        ]
        if not text:
            if others and "drug" not in self.errors:
                self.add_error("drug", "这一行写了用法或数量，没有写药品。")
            return given
        self._resolve(text, given)
        for name, words in (
            ("usage", "请写明用法用量。"),
            ("days", "请填写天数。"),
            ("quantity", "请填写数量。"),
        ):
            if not given.get(name) and name not in self.errors:
                self.add_error(name, words)
        return given

    def _resolve(self, text: str, given: dict[str, Any]) -> None:
        kinds = FOR[self.kind]
        found = resolve(text, kinds=kinds)
        if not isinstance(found, list):
            given["found"] = found
            return
        if found:
            names = "、".join(candidate.drug.name for candidate in found)
            self.add_error("drug", f"“{text}”对应不止一种药，请写全名：{names}。")
        elif resolve(text, kinds=FOR["tcm"]) and not isinstance(
            resolve(text, kinds=FOR["tcm"]), list
        ):
            self.add_error("drug", f"“{text}”是中药饮片，应当单独开具饮片处方。")
        else:
            self.add_error("drug", f"目录中没有“{text}”，请核对药名、拼音首字母或编码。")

    @property
    def line(self) -> DraftLine | None:
        """The line, None for an empty row."""
        found = self.cleaned_data.get("found")
        if found is None:
            return None
        given = self.cleaned_data
        return DraftLine(
            found.code, found.name, given["quantity"], given["unit"] or UNITS[0], given["usage"], int(given["days"])
        )  # fmt: skip


class SliceLineForm(forms.Form):
    """A slice with its grams in one dose and how it is prepared."""

    drug = forms.CharField(label="饮片", required=False, max_length=40)
    quantity = NumberField(label="每剂", required=False, most=500, places=2)
    usage = forms.ChoiceField(
        label="脚注",
        required=False,
        choices=[("", "无"), *((word, word) for word in PREPARATIONS)],
    )
    kind = "tcm"

    def clean(self) -> dict[str, Any]:
        """A row is empty, or has a name and grams; names are judged by the TCM check."""
        given = super().clean() or {}
        text = " ".join(str(given.get("drug") or "").split())
        if not text:
            if (given.get("quantity") or given.get("usage")) and "drug" not in self.errors:
                self.add_error("drug", "这一行写了克数或脚注，没有写饮片。")
            return given
        if not given.get("quantity") and "quantity" not in self.errors:
            self.add_error("quantity", "请填写每剂克数。")
        found = resolve(text, kinds=FOR["tcm"])
        if not isinstance(found, list):
            given["found"] = (found.code, found.name)
        elif text.isascii():
            names = "、".join(candidate.drug.name for candidate in found)
            words = (
                f"对应不止一种饮片，请写全名：{names}。"
                if names
                else "不是饮片名，也不是拼音首字母。"
            )
            self.add_error("drug", f"“{text}”{words}")
        else:
            given["found"] = ("", text)
        return given

    @property
    def line(self) -> DraftLine | None:
        """The line, None for an empty row."""
        if "found" not in self.cleaned_data:
            return None
        code, name = self.cleaned_data["found"]
        return DraftLine(code, name, self.cleaned_data["quantity"], "g", self.cleaned_data["usage"])


class LineSet(forms.BaseFormSet):  # type: ignore[type-arg]
    """The rows of a prescription; at least one is filled in, and none twice."""

    def clean(self) -> None:
        """Refuse an empty prescription and a repeated drug."""
        if any(form.errors for form in self.forms):
            return
        names = [form.line.name for form in self.forms if form.line is not None]
        if not names:
            raise ValidationError("处方没有药品，请至少写一种。")
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValidationError(f"{'、'.join(twice)} 写了两次，请合并为一行。")

    @property
    def lines(self) -> tuple[DraftLine, ...]:
        """The filled rows in order."""
        return tuple(form.line for form in self.forms if form.line is not None)


LINE_SETS = {
    "western": forms.formset_factory(
        WesternLineForm, formset=LineSet, extra=WESTERN_LINES, max_num=WESTERN_LINES,
        absolute_max=WESTERN_LINES,
    ),
    "tcm": forms.formset_factory(
        SliceLineForm, formset=LineSet, extra=TCM_LINES, max_num=TCM_LINES, absolute_max=TCM_LINES
    ),
}  # fmt: skip
HEADS = {"western": HeadForm, "tcm": SlicesHeadForm}


class TokenForm(forms.Form):
    """What the scanner reads or the pharmacist types."""

    token = forms.CharField(
        label="取药码",
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
        help_text="扫二维码，或输入处方上的 24 位取药码。",
        error_messages={"required": "请扫码或输入取药码。"},
    )
