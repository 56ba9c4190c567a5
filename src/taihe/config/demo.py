"""
The demo: a synthetic county sent through the same doors that real data uses.

The county is built in a temporary folder outside the installation and removed after the
load, because the files it is loaded from name residents in clear. Each site is filled by a
process of its own (`python -m taihe.config.demo SITE DIR COUNTY`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from taihe.config.install import install_all
from taihe.config.site import NAMES, Folder, Site, configure
from taihe.kernel.errors import Fault, Incorrect, TaiheError

SEED = 20190309
PREFIX = "taihe-county-"


def prepare(data: Path, residents: int) -> None:
    """
    Make the demo installation in `data`; one that is complete is only brought up to date.

    An interrupted preparation goes on where it stopped: the county is the same for the same
    seed, and loading it again changes nothing.
    """
    folder = Folder(data)
    for site in (folder.health, folder.zone):
        facts = site.facts()
        if facts and not facts.get("demo"):
            raise Incorrect(
                f"{site.path} is a real installation.",
                "Serve it with `taihe serve`, or choose another folder with --data.",
            )
    install_all(data, demo=True)
    if folder.health.facts().get("prepared") and folder.zone.facts().get("prepared"):
        return
    zone = _fill("zone", data)
    try:
        with _temporary_county() as county:
            if not folder.health.facts().get("prepared"):
                from taihe.county.build import build

                with tqdm(total=residents, unit="residents", desc="county") as shown:
                    build(
                        residents=residents,
                        seed=SEED,
                        out=county,
                        progress=lambda done, _total, _place: shown.update(done - shown.n),
                    )
                health = _fill("health", data, county)
                if health.wait() != 0:
                    raise Fault("The health site could not be filled.", "The lines above say why.")
        if zone.wait() != 0:
            raise Fault("The zone site could not be filled.", "The lines above say why.")
    finally:
        if zone.poll() is None:
            zone.terminate()


def welcome(addresses: dict[Site, str]) -> None:
    """Say where the sites are."""
    for site, address in addresses.items():
        print(f"{NAMES[site]}: {address}", flush=True)  # noqa: T201
    print("演示账号在登录页，一键进入。Demo accounts are on the sign-in page.", flush=True)  # noqa: T201


@contextmanager
def _temporary_county() -> Iterator[Path]:
    for left_behind in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if not _is_alive(left_behind.name.removeprefix(PREFIX).partition("-")[0]):
            shutil.rmtree(left_behind, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_alive(process: str) -> bool:
    """Whether the process that made a county is still at work on it."""
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def _fill(site: Site, data: Path, county: Path | None = None) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "taihe.config.demo", site, str(data)]
    return subprocess.Popen(command + ([str(county)] if county else []))


def main(arguments: list[str]) -> int:
    """Fill one site and mark it prepared."""
    site, data = arguments[0], Path(arguments[1])
    assert site in ("health", "zone")
    configure(site, data)  # type: ignore[arg-type]
    try:
        if site == "zone":
            from taihe.config.demo_zone import fill

            fill()
        else:
            from taihe.config.demo_health import fill as fill_health

            fill_health(Path(arguments[2]))
    except TaiheError as error:
        print(f"taihe: {error}", file=sys.stderr)  # noqa: T201
        return 1
    Folder(data).of(site).write_facts(prepared=True)  # type: ignore[arg-type]
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
