"""Forms of the desks."""

from __future__ import annotations

from django import forms


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
