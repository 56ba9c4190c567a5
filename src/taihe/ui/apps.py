"""The design system as a Django application: templates, static files, tags, translations."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    """Label `ui`; no models."""

    name = "taihe.ui"
    label = "ui"
    verbose_name = "页面"
