"""Commands of the ground floor: `verify` and `work`."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from taihe.kernel.errors import Fault, Incorrect, NotFound

SITES = ("health", "zone")


def add_parsers(commands: Any) -> None:
    """Add this module's commands."""
    verify = commands.add_parser("verify", help="recompute every sealed chain, name what changed")
    verify.add_argument("--site", choices=SITES)
    verify.add_argument("--data")
    verify.add_argument("--json", action="store_true")
    verify.add_argument(
        "--quick", action="store_true", help="leave out the databases' own page check"
    )
    verify.set_defaults(run=run_verify, needs_site=lambda arguments: arguments.site)

    work = commands.add_parser("work", help="tasks and sealing of one site, until stopped")
    work.add_argument("--site", choices=SITES, default="health")
    work.add_argument("--data")
    work.set_defaults(run=run_work, needs_site=lambda arguments: arguments.site)


def run_verify(arguments: argparse.Namespace) -> int:
    """Verify one site, or each installed site in a process of its own."""
    if arguments.site:
        return _verify_site(arguments)
    data = Path(arguments.data or os.environ.get("TAIHE_DATA") or "var").resolve()
    installed = [site for site in SITES if (data / site / "installation.json").exists()]
    if not installed:
        raise NotFound(f"There is no installation in {data}.", "Name its folder with --data.")
    clean, answers = True, {}
    for site in installed:
        command = [sys.executable, "-m", "taihe.cli.main", "verify", "--site", site]
        command += ["--data", str(data)] + (["--quick"] if arguments.quick else [])
        environment = {k: v for k, v in os.environ.items() if k != "TAIHE_CONFIGURED"}
        if not arguments.json:
            clean &= subprocess.run(command, env=environment, check=False).returncode == 0
            continue
        done = subprocess.run(
            [*command, "--json"], env=environment, stdout=subprocess.PIPE, check=False
        )
        try:
            answers[site] = json.loads(done.stdout)
        except ValueError:
            raise Fault(f"{site} could not be verified.", "The lines above say why.") from None
        clean &= answers[site]["clean"]
    if arguments.json:
        print(json.dumps({"clean": clean, "sites": answers}, ensure_ascii=False))
    return 0 if clean else 1


def _verify_site(arguments: argparse.Namespace) -> int:
    from django.conf import settings

    from taihe.base.verifying import verify

    if not (Path(settings.TAIHE_FOLDER) / "installation.json").exists():
        raise Incorrect(
            f"{settings.TAIHE_FOLDER} is no installation.", "Name its folder with --data."
        )
    site = settings.TAIHE_SITE

    def progress(chain: str, rows: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{site} {chain}: {rows:,} rows", end="", file=sys.stderr, flush=True)

    report = verify(integrity=not arguments.quick, progress=progress)
    if sys.stderr.isatty():
        print("\r" + " " * 60 + "\r", end="", file=sys.stderr)
    if arguments.json:
        print(
            json.dumps(
                {
                    "site": site,
                    "clean": report.clean,
                    "chains": [vars(state) for state in report.chains],
                    "findings": [finding.as_json() for finding in report.findings],
                }
            )
        )
    else:
        for state in report.chains:
            waiting = f", {state.unsealed:,} not sealed yet" if state.unsealed else ""
            print(f"{site} {state.name}: {state.sealed:,} rows in {state.blocks:,} seals{waiting}")
        for finding in report.findings[:200]:
            print(f"{site} {finding}")
        if len(report.findings) > 200:
            print(f"{site} and {len(report.findings) - 200:,} more")
        print(f"{site}: " + ("clean" if report.clean else f"{len(report.findings):,} found"))
    return 0 if report.clean else 1


def run_work(arguments: argparse.Namespace) -> int:
    """Seal and do tasks until SIGINT or SIGTERM."""
    import signal
    import threading

    from taihe.base import followers, tasks
    from taihe.base.sealing import Sealer

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    sealer = Sealer()
    sealer.start()
    helpers = followers.start(stop)
    try:
        tasks.work_forever(stop)
    finally:
        stop.set()
        for helper in helpers:
            helper.join(5)
        sealer.stop()
        sealer.join(10)
    return 0
