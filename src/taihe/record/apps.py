"""The record as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class RecordConfig(AppConfig):
    """Registers the chains of the record with `taihe verify`."""

    name = "taihe.record"
    label = "record"
    verbose_name = "健康档案"

    def ready(self) -> None:
        """Register the chains over versions and events."""
        from taihe.record import chains
        from taihe.record.linkage import actions as linkage

        chains.register()
        linkage.register()
