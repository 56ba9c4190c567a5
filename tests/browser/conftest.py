"""
A live demo and a browser: both sites with a small county, walked as their users walk.

The demo is made once, by `taihe up` on free ports. Chromium is the machine's own
(`/usr/bin/chromium`) or Playwright's; where there is none these tests are skipped and say so,
and with CI=true that is a failure. `TAIHE_SCREENSHOTS=1` renews the pictures in docs/images.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
RESIDENTS = 120
ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = (360, 1280)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """All of them are browser tests, and run in one process: they share the demo."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.slow)
            if config.pluginmanager.hasplugin("xdist"):
                item.add_marker(pytest.mark.xdist_group("browser"))


@dataclass(frozen=True)
class Live:
    """Addresses of the two sites of a running demo, and its folder."""

    health: str
    zone: str
    data: Path


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A demo of a small county, served on free ports until the tests end."""
    data = tmp_path_factory.mktemp("demo")
    port = _free_pair()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("TAIHE_", "DJANGO_"))}
    log = (data / "up.log").open("wb")
    command = [sys.executable, "-m", "taihe.cli.main", "up"]
    options = ["--data", str(data / "var"), "--residents", str(RESIDENTS), "--port", str(port)]
    process = subprocess.Popen(
        command + options, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
    )
    found = Live(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}", data / "var")
    try:
        _wait_until_well(process, [found.health, found.zone], data / "up.log")
        yield found
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
        log.close()


def _free_pair() -> int:
    """A port that is free, and the next one too."""
    for _ in range(50):
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            with socket.socket() as two:
                try:
                    two.bind(("127.0.0.1", port + 1))
                except OSError:
                    continue
                return port
    raise AssertionError("no two free ports beside each other")


def _wait_until_well(process: subprocess.Popen[bytes], sites: list[str], log: Path) -> None:
    deadline = time.monotonic() + 240
    for site in sites:
        while True:
            try:
                with urlopen(f"{site}/healthz", timeout=2):
                    break
            except (URLError, OSError):
                said = log.read_text("utf-8", "replace")[-1500:]
                assert process.poll() is None, f"the demo ended:\n{said}"
                assert time.monotonic() < deadline, f"the demo did not come up:\n{said}"
                time.sleep(0.3)


@pytest.fixture(scope="module")
def chromium():
    """
    One Chromium for the tests of a file; skipped loudly where there is none, a failure in CI.

    Playwright keeps an event loop in this thread while it runs, and Django's database refuses
    a thread with one: it must be closed before other tests go on.
    """
    from playwright.sync_api import Error, sync_playwright

    own = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=own, args=ARGUMENTS)
        except Error as error:
            reason = f"no Chromium here: {str(error).splitlines()[0]}"
            if os.environ.get("CI") == "true":
                pytest.fail(reason)
            pytest.skip(reason)
        yield browser
        browser.close()


@dataclass
class Walk:
    """One user's way through a site: every page is looked at as it is passed."""

    page: object
    site: str
    width: int
    troubles: list[str] = field(default_factory=list)

    def sign_in(self, username: str) -> None:
        """Sign in by one click, as a demo allows."""
        self.page.goto(f"{self.site}/sign-in/")
        self.page.click(f'button[name=account][value="{username}"]')
        self.page.wait_for_load_state()

    def go(self, path: str) -> None:
        """Open an address of this site."""
        self.page.goto(self.site + path)

    def look(self, name: str, *, keep: int = 0) -> None:
        """
        Look at the page: no accessibility error, nothing wider than the screen, a heading.

        `keep` is the width at which this page's picture in docs/images is renewed, when asked for.
        """
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(self.page).response["violations"]
        told = [
            f"{v['id']}: {v['help']}: {[n['html'][:160] for n in v['nodes'][:3]]}" for v in found
        ]
        assert told == [], f"{name} at {self.width}: {told}"
        wider = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wider <= 0, f"{name} is {wider} px wider than {self.width}"
        assert self.page.locator("h1").count() == 1, f"{name} has not one title"
        assert self.troubles == [], f"{name} at {self.width}: {self.troubles}"
        if keep == self.width and os.environ.get("TAIHE_SCREENSHOTS"):
            IMAGES.mkdir(exist_ok=True)
            self.page.screenshot(path=IMAGES / f"{name}-{self.width}.png")


@pytest.fixture
def walk(chromium):
    """Begins a walk: `with walk(live.health, 360) as user`."""

    @contextmanager
    def begin(site: str, width: int = 1280, *, script: bool = True, scheme: str = "light"):
        context = chromium.new_context(
            locale="zh-CN",
            viewport={"width": width, "height": 780 if width < 600 else 860},
            java_script_enabled=script,
            color_scheme=scheme,
            reduced_motion="reduce",
        )
        page = context.new_page()
        made = Walk(page, site, width)
        page.on("pageerror", lambda error: made.troubles.append(f"script: {error}"))
        page.on(
            "console",
            lambda m: made.troubles.append(f"console: {m.text}") if m.type == "error" else None,
        )
        page.on(
            "response",
            lambda r: made.troubles.append(f"{r.status} {r.url}") if r.status >= 500 else None,
        )
        yield made
        context.close()

    return begin


@pytest.fixture(params=WIDTHS, ids=lambda width: f"{width}px")
def width(request: pytest.FixtureRequest) -> int:
    """A phone and a desk."""
    return request.param
