"""
The command `taihe`.

Each context adds its own commands (`add_parsers`); this module joins them, turns expected
errors into a sentence and an exit code, and keeps `taihe --help` free of Django.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module

from taihe import __version__
from taihe.kernel.errors import TaiheError

OFFERS = (
    "taihe.config.commands",
    "taihe.base.commands",
    "taihe.record.commands",
    "taihe.county.commands",
    "taihe.fhir.commands",
    "taihe.lake.commands",
    "taihe.claims.commands",
    "taihe.chronic.commands",
    "taihe.tcm.commands",
    "taihe.zone.commands",
    "taihe.cli.bench",
    "taihe.cli.conformance",
)


def parser() -> argparse.ArgumentParser:
    """All commands of all contexts."""
    top = argparse.ArgumentParser(
        prog="taihe",
        description="太和: one resident record, insurance audit and development-zone desk.",
    )
    top.add_argument("--version", action="version", version=f"taihe {__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for name in OFFERS:
        import_module(name).add_parsers(commands)
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 only when the work was done as asked."""
    chosen = parser().parse_args(arguments)
    try:
        _become_site(chosen)
        return int(chosen.run(chosen) or 0)
    except TaiheError as error:
        print(f"taihe: {error.problem}", file=sys.stderr)
        if error.do:
            print(f"       {error.do}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("taihe: stopped. What was committed is kept; run it again to go on.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _become_site(chosen: argparse.Namespace) -> None:
    """
    Make this process a site where a command needs one.

    A command says so by `needs_site`: a site's name, or a function of the arguments that
    returns one (or None). Contexts cannot do it themselves: settings lie above them. With
    `may_install` a folder that is new becomes an empty installation first.
    """
    site = getattr(chosen, "needs_site", None)
    if callable(site):
        site = site(chosen)
    if site:
        from taihe.config.site import Folder, configure, data_folder

        data = data_folder(chosen.data)
        if getattr(chosen, "may_install", False) and not Folder(data).of(site).exists():
            from taihe.config.install import install_all

            install_all(data, (site,))
        configure(site, data)


if __name__ == "__main__":
    sys.exit(main())
