"""Which table lives in which database."""

from __future__ import annotations

from typing import Any


class Access:
    """Access entries have their own file, so that a load's write lock never delays a read."""

    @staticmethod
    def _is_access(model_name: str | None) -> bool:
        return bool(model_name) and str(model_name).lower().startswith("accessentry")

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        """Access entries are read from their own file."""
        return "access" if self._is_access(model._meta.model_name) else None

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        """Access entries are written to their own file."""
        return "access" if self._is_access(model._meta.model_name) else None

    def allow_migrate(
        self, db: str, app_label: str, model_name: str | None = None, **hints: Any
    ) -> bool:
        """The access file holds access entries and nothing else."""
        chosen = hints.get("database")
        if chosen:
            return bool(db == chosen)
        if model_name is None:
            return db == "default"
        return (db == "access") == self._is_access(model_name)
