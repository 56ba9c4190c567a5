"""
Makes a test process one of the two sites before Django reads its settings.

Every test process has an installation folder of its own, so that workers never meet.
`TAIHE_TEST_SITE` chooses the site; the zone site's tests lie in `tests/zone_site` and run in
a process of their own, as the site itself does.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

SITE = os.environ.get("TAIHE_TEST_SITE", "health")


def _prepare() -> None:
    data = Path(tempfile.mkdtemp(prefix="taihe-test-"))
    atexit.register(shutil.rmtree, data, ignore_errors=True)
    os.environ.pop("TAIHE_CONFIGURED", None)
    os.environ["TAIHE_DATA"] = str(data)
    os.environ["TAIHE_SITE"] = SITE
    os.environ["DJANGO_SETTINGS_MODULE"] = f"taihe.config.{SITE}"
    from taihe.config.site import Folder

    Folder(data).of(SITE).create(demo=True)  # type: ignore[arg-type]


_prepare()
