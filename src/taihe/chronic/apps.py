"""Chronic care as a Django app."""

from __future__ import annotations

from pathlib import Path

from django.apps import AppConfig


class ChronicConfig(AppConfig):
    """Registers the definitions of the figures, and the follower that keeps the registry."""

    name = "taihe.chronic"
    label = "chronic"
    verbose_name = "慢病管理"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register definitions and follower."""
        from taihe.base import definitions, followers
        from taihe.chronic import following

        definitions.register("chronic", Path(__file__).parent / "knowledge" / "definitions.csv")
        followers.register("chronic.registry", following.follow)
