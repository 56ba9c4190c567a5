"""Forms of the desks."""

from __future__ import annotations

from django import forms


class AppealForm(forms.Form):
    """An appeal: the statement; the list of evidence is read beside it."""

    state = forms.CharField(max_length=20, widget=forms.HiddenInput)
    statement = forms.CharField(
        label="申诉说明",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 12}),
        help_text="草稿取自收费明细和居民档案；请核对事实，在最后写明理由。不要写姓名和身份证号。",
        error_messages={"required": "请写明申诉理由。"},
    )


class VoteForm(forms.Form):
    """A vote of a panel."""

    state = forms.CharField(max_length=20, widget=forms.HiddenInput)
    verdict = forms.ChoiceField(choices=[("uphold", "维持"), ("dismiss", "不成立")])
    note = forms.CharField(max_length=2000, required=False)


class DecisionForm(forms.Form):
    """A step of a case: the action is the button that was pressed."""

    action = forms.CharField(max_length=20)
    state = forms.CharField(max_length=20, widget=forms.HiddenInput)
    note = forms.CharField(
        label="说明",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="“确认”可以不写；其他操作须写明理由，医院和复审人员都会看到。",
    )
