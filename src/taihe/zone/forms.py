"""Forms of the zone desk. Amounts are typed in 万元 and become exact fen."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms

from taihe.zone import models, rows
from taihe.zone.domain.projects import ACTION_WORDS, WAN_FEN, WORKFLOW, Entry


class WanField(forms.DecimalField):
    """An amount in 万元 with at most six decimals (one fen); cleans to whole fen."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=16, decimal_places=6, min_value=Decimal(0), **options)

    def clean(self, value: Any) -> Any:
        """Whole fen, or None when empty."""
        text = value.replace(",", "").replace("，", "") if isinstance(value, str) else value
        amount = super().clean(text)
        return None if amount is None else int(amount * WAN_FEN)


class DayField(forms.DateField):
    """A day, with the browser's own picker."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    default_error_messages = {"invalid": "请按 2026-11-22 的格式填写日期。"}


PLACES = [("", "不变"), ("-", "不在开发区内")]


def zone_choices(only: str | None = None) -> list[tuple[str, str]]:
    """Zones for a selection, Anhui first."""
    found = models.Zone.objects.all()
    if only is not None:
        found = found.filter(pk=only)
    ordered = sorted(found, key=lambda zone: (zone.province != "安徽", zone.province, zone.name))
    return [(zone.code, zone.name) for zone in ordered]


class EvidenceForm(forms.Form):
    """One row of evidence for a project in a state; offers only what this state allows."""

    action = forms.ChoiceField(label="登记什么")
    happened_on = DayField(label="凭证日期", help_text="凭证上写明的日期，不是今天的日期。")
    amount = WanField(
        label="到资金额", required=False, help_text="只在“登记到资”时填写，本次到位的金额。"
    )
    text = forms.CharField(
        label="凭证", max_length=500, help_text="文件名称、文号或照片说明；不要写个人信息。"
    )
    attachment = forms.FileField(
        label="附件", required=False, help_text="只登记附件的 SHA-256 指纹，原件由开发区保存。"
    )
    zone = forms.ChoiceField(label="变更落户开发区", required=False)
    investment = WanField(label="变更后总投资", required=False)
    contract = WanField(label="变更后合同引资额", required=False)
    merged_into = forms.CharField(
        label="并入项目编号", max_length=40, required=False, help_text="只在“合并”时填写。"
    )
    confirmed = forms.BooleanField(label="已核对单位，金额无误", required=False)

    def __init__(self, *args: Any, stage: str, only_zone: str | None = None, **options: Any):
        super().__init__(*args, **options)
        actions = [step.action for step in WORKFLOW.transitions if step.source == stage]
        field = self.fields["action"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(action, ACTION_WORDS[action]) for action in actions]
        places = self.fields["zone"]
        assert isinstance(places, forms.ChoiceField)
        places.choices = [*PLACES, *zone_choices(only_zone)]

    def entry(self, project: str) -> Entry:
        """The row as the domain reads it; call it when the form is valid."""
        data = self.cleaned_data
        change = data["action"] == "change"
        zone = data["zone"] if change else ""
        return Entry(
            seq=0, project=project, action=data["action"], on=data["happened_on"],
            amount_fen=data["amount"] or 0,
            zone=zone if zone not in ("", "-") else None, outside=zone == "-",
            investment_fen=data["investment"] if change else None,
            contract_fen=data["contract"] if change else None,
            evidence=data["text"],
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """A 变更 changes something."""
        data = super().clean() or {}
        if data.get("action") == "change" and not (
            data.get("zone") or data.get("investment") is not None
            or data.get("contract") is not None
        ):  # fmt: skip
            raise forms.ValidationError("变更没有写明变更什么：开发区、总投资或合同引资额。")
        return data


class ProjectForm(forms.Form):
    """A signed project, with its first row of evidence."""

    key = forms.CharField(label="项目编号", max_length=40, help_text="例如 WMC2019-0639。")
    name = forms.CharField(label="项目名称", max_length=120)
    investor = forms.CharField(label="投资方", max_length=120, help_text="填单位名称，不填个人。")
    industry = forms.CharField(
        label="行业代码", max_length=4, help_text="GB/T 4754-2017，例如 2720。"
    )
    event = forms.ChoiceField(label="签约大会", required=False)
    zone = forms.ChoiceField(label="落户开发区", required=False)
    happened_on = DayField(label="签约日期")
    investment = WanField(label="总投资", help_text="合同总投资，不是合同引资额。")
    contract = WanField(label="合同引资额", required=False)
    text = forms.CharField(label="凭证", max_length=500, help_text="签约文本的名称或编号。")
    confirmed = forms.BooleanField(label="已核对单位，金额无误", required=False)

    def __init__(self, *args: Any, only_zone: str | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        events = [(row.pk, row.name) for row in models.Event.objects.all()]
        for key, choices in (
            ("event", [("", "不属于大会"), *events]),
            (
                "zone",
                zone_choices(only_zone) if only_zone else [("", "不在开发区内"), *zone_choices()],
            ),
        ):
            field = self.fields[key]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices

    def clean_industry(self) -> str:
        """A code of the standard."""
        code = str(self.cleaned_data["industry"]).strip()
        if code not in rows.industries():
            raise forms.ValidationError("该代码不在 GB/T 4754-2017 中。请填小类代码，例如 2720。")
        return code

    def entry(self) -> Entry:
        """The 签约 row."""
        data = self.cleaned_data
        return Entry(
            seq=0, project=data["key"], action="sign", on=data["happened_on"],
            zone=data["zone"] or None, outside=not data["zone"],
            investment_fen=data["investment"], contract_fen=data["contract"] or 0,
            evidence=data["text"],
        )  # fmt: skip


class FreezeForm(forms.Form):
    """The day of a new bulletin."""

    as_of = DayField(label="截至日", help_text="该日及以前的凭证计入。")

    def clean_as_of(self) -> date:
        """Any day; the action refuses one that lies ahead."""
        day: date = self.cleaned_data["as_of"]
        return day
