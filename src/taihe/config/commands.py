"""Commands that look after an installation: up, serve, migrate, backup, restore."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from taihe.config.site import SITES, Folder, Site, data_folder


def add_parsers(commands: Any) -> None:
    """Add this module's commands."""
    up = commands.add_parser("up", help="demo county, then both sites (default :8000 and :8001)")
    up.add_argument("--residents", type=_positive, default=2000)
    up.add_argument("--port", type=_port, default=8000)
    up.add_argument("--data")
    up.set_defaults(run=run_up)

    serve = commands.add_parser("serve", help="both sites, or one")
    serve.add_argument("--port", type=_port, default=8000)
    serve.add_argument("--site", choices=SITES)
    serve.add_argument("--data")
    serve.set_defaults(run=run_serve)

    migrate = commands.add_parser("migrate", help="bring the tables up to date")
    migrate.add_argument("--site", choices=SITES)
    migrate.add_argument("--data")
    migrate.set_defaults(run=run_migrate)

    backup = commands.add_parser("backup", help="write an encrypted copy of the installation")
    backup.add_argument("file", type=Path)
    backup.add_argument("--data")
    backup.set_defaults(run=run_backup)

    restore = commands.add_parser("restore", help="make an installation from an encrypted copy")
    restore.add_argument("file", type=Path)
    restore.add_argument(
        "--keys", type=Path, required=True, help="folder with health/ and zone/ keys"
    )
    restore.add_argument("--data")
    restore.set_defaults(run=run_restore)


def run_up(arguments: argparse.Namespace) -> int:
    """Build the demo where there is none yet, then serve."""
    from taihe.config import demo
    from taihe.config.serve import require_free, serve

    data = data_folder(arguments.data)
    for port in (arguments.port, arguments.port + 1):
        require_free(port)
    demo.prepare(data, arguments.residents)
    return serve(data, port=arguments.port, sites=SITES, ready=demo.welcome)


def run_serve(arguments: argparse.Namespace) -> int:
    """Serve; a new folder becomes an empty installation without demo data."""
    from taihe.config.install import install_all
    from taihe.config.serve import require_free, serve

    data = data_folder(arguments.data)
    sites: tuple[Site, ...] = (arguments.site,) if arguments.site else SITES
    for offset in range(len(sites)):
        require_free(arguments.port + offset)
    install_all(data, sites)
    return serve(data, port=arguments.port, sites=sites, ready=_say_addresses)


def run_migrate(arguments: argparse.Namespace) -> int:
    """Bring the tables of one site or both up to date."""
    from taihe.config.install import install_all

    install_all(data_folder(arguments.data), (arguments.site,) if arguments.site else SITES)
    return 0


def run_backup(arguments: argparse.Namespace) -> int:
    """Write an encrypted copy."""
    from taihe.config import backup

    backup.write(Folder(data_folder(arguments.data)), arguments.file)
    return 0


def run_restore(arguments: argparse.Namespace) -> int:
    """Read an encrypted copy into a new folder."""
    from taihe.config import backup

    backup.read(arguments.file, Folder(data_folder(arguments.data)), arguments.keys)
    return 0


def _say_addresses(addresses: dict[Site, str]) -> None:
    for site, address in addresses.items():
        print(f"{site}: {address}", flush=True)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _port(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 65534:
        raise argparse.ArgumentTypeError("a port from 1 to 65534")
    return number
