"""Insurance audit as a Django app."""

from __future__ import annotations

from pathlib import Path

from django.apps import AppConfig


class ClaimsConfig(AppConfig):
    """Registers the definitions of the figures on the audit desk."""

    name = "taihe.claims"
    label = "claims"
    verbose_name = "医保智能审核"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the definitions and who does the tasks."""
        from taihe.base import definitions, tasks
        from taihe.claims import actions

        definitions.register("claims", Path(__file__).parent / "knowledge" / "definitions.csv")
        tasks.register(actions.SILENCE, actions.on_silence)
