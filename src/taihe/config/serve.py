"""
Supervising the processes of an installation: per site a web process and a worker.

A child that dies is started again, later each time; when the supervisor ends, or is killed,
its children end with it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from taihe.config.site import NAMES, Folder, Site
from taihe.kernel.errors import Busy, Fault

HOST = "127.0.0.1"
LONGEST_PAUSE_SECONDS = 30.0


@dataclass
class Child:
    """One process under supervision."""

    name: str
    command: list[str]
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = 0.5
    not_before: float = field(default=0.0)

    def start(self) -> None:
        """Start it; it gets SIGTERM when the supervisor dies."""
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            self.command, env=self.environment, preexec_fn=_die_with_parent
        )

    def look_after(self) -> None:
        """Start it again when it has died, with a pause that doubles while it keeps dying."""
        if self.process is not None:
            code = self.process.poll()
            if code is None:
                if time.monotonic() - self.started > 60:
                    self.pause = 0.5
                return
            print(  # noqa: T201
                f"taihe: {self.name} ended with {code}; starting it again in {self.pause:.1f} s",
                file=sys.stderr,
            )
            self.process = None
            self.not_before = time.monotonic() + self.pause
            self.pause = min(self.pause * 2, LONGEST_PAUSE_SECONDS)
        if time.monotonic() >= self.not_before:
            self.start()


def serve(
    data: Path,
    *,
    port: int,
    sites: Sequence[Site],
    ready: Callable[[dict[Site, str]], None] | None = None,
) -> int:
    """
    Serve the sites until SIGINT or SIGTERM; health on `port`, zone on `port + 1`.

    `ready` is told the addresses once every site answers `/healthz`.
    """
    ports: dict[Site, int] = {
        site: port + (1 if site == "zone" and len(sites) > 1 else 0) for site in sites
    }
    for number in ports.values():
        require_free(number)
    peer = f"http://{HOST}:{ports['health']}" if len(sites) > 1 else ""
    children = [child for site in sites for child in _children(data, site, ports[site], peer)]
    stopping = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    waiting = {site: f"http://{HOST}:{ports[site]}" for site in sites}
    addresses = dict(waiting)
    deadline = time.monotonic() + 60
    try:
        for child in children:
            child.start()
        while not stopping:
            for child in children:
                child.look_after()
            for site in [site for site, address in waiting.items() if _answers(address)]:
                del waiting[site]
                if not waiting and ready:
                    ready(addresses)
            if waiting and time.monotonic() > deadline:
                raise Fault(
                    f"{NAMES[next(iter(waiting))]} does not answer.",
                    "The lines above say why.",
                )
            time.sleep(0.1 if waiting else 0.5)
    finally:
        _end(children)
    return 0


def require_free(port: int) -> None:
    """Raise when something listens on the port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise Busy(
                f"Port {port} is in use.",
                f"Stop what uses it, or choose another: --port {port + 100}.",
            ) from None


def _children(data: Path, site: Site, port: int, peer: str) -> list[Child]:
    """The processes of a site; `peer` is where the zone finds the health site beside it."""
    environment = {
        **os.environ,
        "TAIHE_SITE": site,
        "TAIHE_DATA": str(data),
        "PYTHONUNBUFFERED": "1",
    }
    environment.pop("TAIHE_CONFIGURED", None)
    if peer:
        environment.setdefault("TAIHE_PEER", peer)
    python = sys.executable
    web = [python, "-m", "granian", "--interface", "wsgi", "--host", HOST, "--port", str(port)]
    # One web process with a few threads: SQLite has one writer, and access entries of one
    # process share their commits.
    web += ["--workers", "1", "--blocking-threads", "6", "--no-ws", "--log-level", "error"]
    web += ["--backpressure", "64", "--workers-kill-timeout", "5", "taihe.config.wsgi:application"]
    work = [python, "-m", "taihe.cli.main", "work", "--site", site, "--data", str(data)]
    log = Folder(data).of(site).path
    assert log.exists(), "install before serve"
    return [
        Child(f"{NAMES[site]} web", web, environment),
        Child(f"{NAMES[site]} work", work, environment),
    ]


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _end(children: Sequence[Child]) -> None:
    for child in children:
        if child.process and child.process.poll() is None:
            child.process.terminate()
    end = time.monotonic() + 8
    for child in children:
        if child.process:
            try:
                child.process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)
