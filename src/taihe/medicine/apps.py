"""Medicine as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class MedicineConfig(AppConfig):
    """医药: catalogue, prescriptions, pharmacies."""

    name = "taihe.medicine"
    label = "medicine"
    verbose_name = "医药"
    default_auto_field = "django.db.models.BigAutoField"
