"""
An installation's folder, and how a process becomes one of the two sites.

`--data DIR` or `TAIHE_DATA` names the folder; `health/` and `zone/` lie inside and share
nothing. Importing this module does not import Django.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from taihe.kernel.errors import Busy, Incorrect

Site = Literal["health", "zone"]
SITES: tuple[Site, ...] = ("health", "zone")
NAMES: dict[str, str] = {"health": "健康太和", "zone": "开发区协同"}


@dataclass(frozen=True)
class SiteFolder:
    """The files of one site inside an installation."""

    site: Site
    path: Path

    @property
    def database(self) -> Path:
        """The main database."""
        return self.path / ("record.sqlite3" if self.site == "health" else "zone.sqlite3")

    @property
    def access_database(self) -> Path:
        """The access entries, apart so that a load never delays a read."""
        return self.path / "access.sqlite3"

    @property
    def keys(self) -> Path:
        """Keys, outside of every database."""
        return self.path / "keys"

    @property
    def heads(self) -> Path:
        """Count and head hash of every chain, outside of every database."""
        return self.path / "chain" / "heads.log"

    @property
    def lake(self) -> Path:
        """Parquet sets and the code dictionary."""
        return self.path / "lake"

    @property
    def installation(self) -> Path:
        """What this installation is: name, demo or real, hosts."""
        return self.path / "installation.json"

    def exists(self) -> bool:
        """Whether the site has been installed here."""
        return self.installation.exists()

    def facts(self) -> dict[str, Any]:
        """The content of installation.json; empty when there is none."""
        if not self.exists():
            return {}
        facts: dict[str, Any] = json.loads(self.installation.read_text("utf-8"))
        return facts

    def write_facts(self, **facts: Any) -> None:
        """Replace installation.json by one atomic rename."""
        draft = self.installation.with_suffix(".draft")
        merged = {**self.facts(), **facts}
        draft.write_text(json.dumps(merged, ensure_ascii=False, indent=1) + "\n", "utf-8")
        draft.replace(self.installation)

    def create(self, *, demo: bool, at: datetime | None = None) -> None:
        """Make folders and keys; what is already there stays as it is."""
        try:
            for folder in (self.path, self.keys, self.heads.parent, self.lake):
                folder.mkdir(parents=True, exist_ok=True)
            self.keys.chmod(0o700)
            _write_once(self.keys / "master.key", secrets.token_bytes(32))
            _write_once(self.keys / "django.secret", secrets.token_urlsafe(48).encode())
            if not self.exists():
                self.write_facts(
                    site=self.site,
                    demo=demo,
                    plain_http=True,
                    hosts=["127.0.0.1", "localhost", "[::1]"],
                    created=(at or datetime.now(UTC)).isoformat(timespec="seconds"),
                )
        except PermissionError:
            raise Incorrect(
                f"The folder {self.path} cannot be written.",
                "Choose another with --data, or change its permissions.",
            ) from None
        except OSError as error:
            raise Busy(
                f"The folder {self.path} could not be prepared: {error.strerror}.",
                "Free some space, or choose another folder with --data.",
            ) from None


@dataclass(frozen=True)
class Folder:
    """An installation: one folder, two sites."""

    data: Path

    @property
    def health(self) -> SiteFolder:
        """The health site's folder."""
        return SiteFolder("health", self.data / "health")

    @property
    def zone(self) -> SiteFolder:
        """The zone site's folder."""
        return SiteFolder("zone", self.data / "zone")

    def of(self, site: Site) -> SiteFolder:
        """The folder of a site by its name."""
        return self.health if site == "health" else self.zone


def data_folder(argument: str | None = None) -> Path:
    """The installation's folder: the argument, else `TAIHE_DATA`, else `var/`."""
    return Path(argument or os.environ.get("TAIHE_DATA") or "var").resolve()


def configure(site: Site, data: Path) -> None:
    """
    Make this process one of the two sites.

    Sets the environment that the settings read and starts Django. A process is one site for
    its whole life, because the two share no store, role or log.
    """
    chosen = os.environ.get("TAIHE_CONFIGURED")
    if chosen and chosen != f"{site}:{data}":
        raise AssertionError(f"this process is already {chosen}")
    os.environ.update(
        TAIHE_CONFIGURED=f"{site}:{data}",
        TAIHE_SITE=site,
        TAIHE_DATA=str(data),
        DJANGO_SETTINGS_MODULE=f"taihe.config.{site}",
    )
    import django

    django.setup()


def _write_once(path: Path, content: bytes) -> None:
    """Write a secret that must never change; a file that is there is kept."""
    if path.exists():
        return
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
