"""Insight as a Django app."""

from __future__ import annotations

from pathlib import Path

from django.apps import AppConfig


class InsightConfig(AppConfig):
    """Registers the definitions, and the follower that keeps the lake."""

    name = "taihe.insight"
    label = "insight"
    verbose_name = "数据洞察"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what runs and what is defined here."""
        from taihe.base import definitions, followers
        from taihe.insight import following

        definitions.register("insight", Path(__file__).parent / "knowledge" / "definitions.csv")
        followers.register("insight", following.follow)
