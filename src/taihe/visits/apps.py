"""Visits as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class VisitsConfig(AppConfig):
    """就诊协同: referrals and clinic sessions."""

    name = "taihe.visits"
    label = "visits"
    verbose_name = "就诊协同"
    default_auto_field = "django.db.models.BigAutoField"
