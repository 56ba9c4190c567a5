"""Commands of the ground floor: `verify`, `work`, `account`, `organisation`."""

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
KINDS = [
    "hospital",
    "clinic",
    "township_hospital",
    "village_clinic",
    "pharmacy",
    "insurer",
    "county_platform",
    "zone",
    "zone_authority",
]


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

    account = commands.add_parser("account", help="who may sign in: add, password, close, open")
    steps = account.add_subparsers(metavar="STEP", required=True)
    add = steps.add_parser("add", help="create an account and print its first password")
    add.add_argument("--name", required=True, help="the name that pages show")
    add.add_argument("--role", action="append", required=True, help="may be given several times")
    add.add_argument("--organisation", default="", help="code of the organisation")
    password = steps.add_parser("password", help="print a new password; sessions end")
    close = steps.add_parser("close", help="no longer let it sign in")
    again = steps.add_parser("open", help="let it sign in again")
    for step, run in (
        (add, run_account_add),
        (password, run_account_password),
        (close, lambda arguments: _run_account_active(arguments, False)),
        (again, lambda arguments: _run_account_active(arguments, True)),
    ):
        step.add_argument("username")
        _of_site(step, run)

    organisation = commands.add_parser("organisation", help="add an organisation")
    organisation.add_argument("code")
    organisation.add_argument("--name", required=True)
    organisation.add_argument("--kind", choices=KINDS, required=True)
    organisation.add_argument("--level", choices=("", "1", "2", "3"), default="")
    organisation.add_argument("--division", default="")
    _of_site(organisation, run_organisation)


def _of_site(parser: argparse.ArgumentParser, run: Any) -> None:
    parser.add_argument("--site", choices=SITES, default="health")
    parser.add_argument("--data")
    parser.set_defaults(run=run, needs_site=lambda arguments: arguments.site)


def run_account_add(arguments: argparse.Namespace) -> int:
    """Create an account; its password is printed once."""
    from taihe.base import models, public

    _require_installation()
    known = models.Role.Name.values
    for role in arguments.role:
        if role not in known:
            raise Incorrect(f"There is no role {role}.", f"Choose {', '.join(known)}.")
    password = public.temporary_password()
    public.create_account(
        arguments.username,
        arguments.name,
        "resident" if arguments.role == ["resident"] else "staff",
        roles=tuple(arguments.role),
        organisation_code=arguments.organisation,
        password=password,
        by=public.create_system_party("taihe account"),
    )
    print(password)
    return 0


def run_account_password(arguments: argparse.Namespace) -> int:
    """Print a new password."""
    from taihe.base import public

    _require_installation()
    password = public.temporary_password()
    by = public.create_system_party("taihe account")
    public.set_password(arguments.username, password, by=by)
    print(password)
    return 0


def _run_account_active(arguments: argparse.Namespace, active: bool) -> int:
    from taihe.base import public

    _require_installation()
    by = public.create_system_party("taihe account")
    public.set_active(arguments.username, active, by=by)
    return 0


def run_organisation(arguments: argparse.Namespace) -> int:
    """Add an organisation."""
    from taihe.base import public

    _require_installation()
    public.create_organisation(
        arguments.code,
        arguments.name,
        arguments.kind,
        level=arguments.level,
        division=arguments.division,
        by=public.create_system_party("taihe organisation"),
    )
    return 0


def _require_installation() -> None:
    from django.conf import settings

    if not (Path(settings.TAIHE_FOLDER) / "installation.json").exists():
        raise Incorrect(
            f"{settings.TAIHE_FOLDER} is no installation.",
            "Name its folder with --data, or make one with: taihe serve.",
        )


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

    _require_installation()
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
