"""The form of slices with processing, and the constitution forms made from their rows."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from taihe.medicine.public import DraftLine, LineSet, SliceLineForm, resolve
from taihe.tcm import public, rules

LINES = 16
PROCESSING = ("生", "制", "炒", "炙", "酒", "醋", "盐", "姜", "蜜", "煅", "焦", "炭")
_APART = re.compile(rf"^(?P<name>.+)（(?P<word>{'|'.join(PROCESSING)})）$")


class SliceForm(SliceLineForm):
    """A slice: name or pinyin, processing (炮制), grams in one dose, how it is boiled (煎法)."""

    processing = forms.ChoiceField(
        label="炮制",
        required=False,
        choices=[("", "按药名"), *((word, word) for word in PROCESSING)],
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["usage"].label = "煎法"

    def clean(self) -> dict[str, Any]:
        """Processing becomes part of the name: 炙 and 甘草 are 炙甘草, else 川乌（制）."""
        given = super().clean() or {}
        word = given.get("processing") or ""
        if not word:
            return given
        if "found" not in given:
            if not self.errors and "drug" in self.fields:
                self.add_error("drug", "这一行选了炮制，没有写饮片。")
            return given
        code, name = given["found"]
        whole = resolve(f"{word}{name}", kinds=("slice",))
        if not isinstance(whole, list) and whole.name == f"{word}{name}":
            code, name = whole.code, whole.name
        elif public.resolve_name(f"{word}{name}")["herb"]:
            code, name = "", f"{word}{name}"
        else:
            code, name = "", f"{name}（{word}）"
        given["found"] = (code, name)
        return given


def initial_of(line: DraftLine) -> dict[str, Any]:
    """A line as the form shows it again."""
    apart = _APART.match(line.name)
    quantity = f"{line.quantity:f}"
    if "." in quantity:
        quantity = quantity.rstrip("0").rstrip(".")
    return {
        "drug": apart["name"] if apart else line.name,
        "processing": apart["word"] if apart else "",
        "quantity": quantity,
        "usage": line.usage,
    }


SliceSet = forms.formset_factory(
    SliceForm, formset=LineSet, extra=LINES, max_num=LINES, absolute_max=LINES
)


class ConstitutionForm(forms.Form):
    """
    The items of a form, each with five answers; blanks are asked back by item.

    Two types that ask the same question ask it once. In the 33-item form a measure answers
    its item when that is left blank.
    """

    def __init__(self, *args: Any, form: str, sex: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.form_name, self.sex = form, sex
        asked = public.constitution_questions(form, sex)
        self.keys: dict[str, str] = {}
        if form == "33":
            for name, label in public.MEASURES.items():
                self.fields[name] = forms.FloatField(
                    label=label,
                    required=False,
                    min_value=0,
                    max_value=400,
                    widget=forms.TextInput(attrs={"inputmode": "decimal", "size": 6}),
                    error_messages={
                        "invalid": "请只写数字。",
                        "min_value": "不能小于 0。",
                        "max_value": "太大，请核对。",
                    },
                )
        texts: set[str] = set()
        for number, question in enumerate(asked, 1):
            if question["item"] in texts:
                continue
            texts.add(question["item"])
            field = f"q{number}"
            self.keys[field] = question["key"]
            self.fields[field] = forms.ChoiceField(
                label=f"{len(texts)}. {question['item'].split('[')[0]}",
                required=False,
                choices=[(str(value), words) for value, words in public.ANSWERS.items()],
                widget=forms.RadioSelect,
            )

    @property
    def questions(self) -> list[Any]:
        """The bound fields of the items, in order."""
        return [self[name] for name in self.keys]

    @property
    def measures(self) -> list[Any]:
        """The bound fields of the measures."""
        return [self[name] for name in public.MEASURES if name in self.fields]

    def clean(self) -> dict[str, Any]:
        """Name every item that nobody answered, by an answer or by a measure."""
        given = super().clean() or {}
        if self.errors:
            return given
        self.facts = {
            "form": self.form_name,
            "sex": self.sex,
            "answers": {
                key: int(given[field]) for field, key in self.keys.items() if given.get(field)
            },
            "measures": {
                name: given[name] for name in public.MEASURES if given.get(name) is not None
            },
        }
        missing = set(public.judge_constitution(self.facts)["missing"])
        # One answer serves every type that asks the same question.
        for field, key in self.keys.items():
            if key in missing:
                self.add_error(field, "还没有答。")
        return given


def is_elder_form(age: int | None) -> bool:
    """The 33-item form of the public-health rules is for people of 65 and over."""
    return age is not None and age >= 65


def known_forms() -> tuple[str, ...]:
    """The forms that the rows hold."""
    return tuple(sorted({question.form for question in rules.questions()}, reverse=True))
