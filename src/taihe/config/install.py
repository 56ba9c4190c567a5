"""
Making a site ready in its folder: folders, keys, tables.

Runs in a process of its own per site (`python -m taihe.config.install SITE DIR`), because a
process is one site for its whole life.
"""

from __future__ import annotations

import hashlib
import sqlite3
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from taihe.config.site import SITES, Folder, Site, configure
from taihe.kernel.errors import Busy, Fault, TaiheError


def install(site: Site, data: Path, *, demo: bool = False) -> None:
    """Create what is missing and bring the tables up to date; safe to run again."""
    folder = Folder(data).of(site)
    folder.create(demo=demo)
    configure(site, data)
    migrate()
    folder.write_facts(tables=tables_wanted())


def install_all(data: Path, sites: tuple[Site, ...] = SITES, *, demo: bool = False) -> None:
    """
    Install the sites side by side, each in its own process.

    A site whose tables are those that this release wants is left as it is, so that a second
    start need not ask.
    """
    wanted = tables_wanted()
    sites = tuple(site for site in sites if Folder(data).of(site).facts().get("tables") != wanted)
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "taihe.config.install", site, str(data)]
            + (["demo"] if demo else [])
        )
        for site in sites
    ]
    codes = [process.wait() for process in running]
    if any(codes):
        raise Fault("The installation could not be made ready.", "The lines above say why.")


def tables_wanted() -> str:
    """A fingerprint of all migrations of this release: which, and of which Django."""
    source = Path(__file__).parents[1]
    names = sorted(str(path.relative_to(source)) for path in source.glob("*/migrations/0*.py"))
    return hashlib.sha256("\n".join([version("django"), *names]).encode()).hexdigest()[:16]


def migrate() -> None:
    """Bring the tables of this process's site up to date."""
    from django.core.management import call_command
    from django.db import OperationalError

    try:
        for database in ("default", "access"):
            call_command("migrate", database=database, verbosity=0, interactive=False)
    except (OperationalError, sqlite3.OperationalError) as error:
        raise Busy(
            f"The tables could not be made: {error}.",
            "Check that the disk has space and the folder can be written, then run it again.",
        ) from None


def main(arguments: list[str]) -> int:
    """`SITE DIR [demo]`."""
    site, data, *rest = arguments
    assert site in ("health", "zone")
    try:
        install(site, Path(data), demo="demo" in rest)  # type: ignore[arg-type]
    except TaiheError as error:
        print(f"taihe: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
