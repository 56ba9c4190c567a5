"""Forms of the ground floor."""

from __future__ import annotations

from django import forms


class SignIn(forms.Form):
    """User name and password."""

    username = forms.CharField(
        label="用户名",
        max_length=60,
        strip=True,
        error_messages={"required": "请填写用户名。"},
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    password = forms.CharField(
        label="口令",
        max_length=200,
        strip=False,
        error_messages={"required": "请填写口令。"},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
