"""The resident's pages as a Django application."""

from django.apps import AppConfig


class ResidentConfig(AppConfig):
    """Label `resident`; no models yet."""

    name = "taihe.resident"
    label = "resident"
    verbose_name = "居民端"
