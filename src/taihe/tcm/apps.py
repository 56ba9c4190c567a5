"""TCM as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class TcmConfig(AppConfig):
    """中医药: prescriptions of slices under review, constitution forms."""

    name = "taihe.tcm"
    label = "tcm"
    verbose_name = "中医药"
    default_auto_field = "django.db.models.BigAutoField"
