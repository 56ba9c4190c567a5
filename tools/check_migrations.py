"""Fail when a model has changed without a migration, on either site."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

PROGRAM = """
import sys
from pathlib import Path
from taihe.config.site import Folder, configure
data = Path(sys.argv[2])
Folder(data).of(sys.argv[1]).create(demo=False)
configure(sys.argv[1], data)
from django.core.management import call_command
call_command("makemigrations", check=True, dry_run=True, verbosity=1)
call_command("check", fail_level="WARNING")
"""


def main() -> int:
    """Check both sites, each in its own process."""
    failed = 0
    for site in ("health", "zone"):
        with tempfile.TemporaryDirectory() as data:
            environment = {k: v for k, v in os.environ.items() if not k.startswith("TAIHE_")}
            environment["TAIHE_DATA"] = data
            code = subprocess.run(
                [sys.executable, "-c", PROGRAM, site, data], env=environment
            ).returncode
            failed += code != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
