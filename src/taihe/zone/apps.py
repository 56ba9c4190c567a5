"""The Django application of the zone site."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ZoneSite(AppConfig):
    """Registers the ledger's chains and the definitions; keeps the shipped rows in the tables."""

    name = "taihe.zone"
    label = "zone"
    verbose_name = "开发区协同"

    def ready(self) -> None:
        """Meet the ground floor."""
        from taihe.base import chain, definitions, followers
        from taihe.zone import ledger, peer, rows

        for one in ledger.CHAINS:
            chain.register(one)
        definitions.register("zone", rows.DEFINITIONS)
        followers.register("peer", peer.follow)
        post_migrate.connect(_load_rows, sender=self, dispatch_uid="taihe.zone.rows")


def _load_rows(using: str, **_: Any) -> None:
    """Bring zones, names and conventions up to date after a migration."""
    if using == "default":
        from taihe.zone.actions import load_knowledge

        load_knowledge()
