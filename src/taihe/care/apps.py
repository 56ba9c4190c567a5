"""Elder care as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class CareConfig(AppConfig):
    """医养综合体: stays, beds, assessments, care tasks."""

    name = "taihe.care"
    label = "care"
    verbose_name = "医养综合体"
    default_auto_field = "django.db.models.BigAutoField"
