"""Chronic care as a Django app."""

from __future__ import annotations

from pathlib import Path

from django.apps import AppConfig


class ChronicConfig(AppConfig):
    """Registers definitions, the chain of visits, and the follower that keeps the registry."""

    name = "taihe.chronic"
    label = "chronic"
    verbose_name = "慢病管理"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Meet the ground floor."""
        from taihe.base import chain, definitions, followers
        from taihe.chronic import chains, following

        chain.register(chains.VISITS)
        definitions.register("chronic", Path(__file__).parent / "knowledge" / "definitions.csv")
        followers.register("chronic.registry", following.follow)
