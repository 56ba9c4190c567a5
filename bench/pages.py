"""
First byte of pages on the demo county, p95, beside the same server's plainest page.

`TAIHE_BENCH_DATA` names a prepared demo installation; without it one of 2 000 residents is
made in a temporary folder first (some minutes).
"""

from __future__ import annotations

import http.cookiejar
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

ROUNDS = 100
JOURNEYS = {
    "health": {
        "resident": ["/app/", "/app/record/"],
        "clinician": ["/desk/record/"],
        "auditor": ["/desk/claims/", "/desk/claims/rules/", "/desk/claims/rules/rows/"],
        "hospital": ["/desk/hospital/"],
        "analyst": ["/desk/insight/", "/desk/insight/insight-primary-share/"],
    },
    "zone": {"zone_officer": ["/desk/", "/desk/projects/", "/conventions/"]},
}


def run() -> list[dict[str, object]]:
    """One row per page."""
    with served() as bases:
        rows = []
        for site, roles in JOURNEYS.items():
            base = bases[site]
            plain = p95(opener(), base + "/sign-in/")
            for role, paths in roles.items():
                signed_in = sign_in(base, role)
                for path in [*paths, *_first_detail(signed_in, base, paths)]:
                    milliseconds = p95(signed_in, base + path)
                    rows.append(
                        {
                            "figure": f"{site} {re.sub('[0-9]+', 'N', path)} first byte p95",
                            "value": milliseconds,
                            "unit": "ms",
                            "baseline": "/sign-in/ first byte p95",
                            "baseline_value": plain,
                            "ratio": milliseconds / plain,
                        }
                    )
        return rows


def p95(client: urllib.request.OpenerDirector, url: str) -> float:
    """Milliseconds to the first byte, 95th percentile of `ROUNDS` requests one after another."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        with client.open(url, timeout=30) as answer:
            answer.read(1)
            times.append((time.perf_counter() - start) * 1000)
            answer.read()
    return statistics.quantiles(times, n=20)[18]


def opener() -> urllib.request.OpenerDirector:
    """A client with cookies of its own."""
    jar = http.cookiejar.CookieJar()
    return urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))


def sign_in(base: str, role: str) -> urllib.request.OpenerDirector:
    """Press the demo button of a role."""
    client = opener()
    page = client.open(base + "/sign-in/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token
    account = "demo-" + role.replace("_", "-")
    data = urllib.parse.urlencode({"csrfmiddlewaretoken": token.group(1), "account": account})
    request = urllib.request.Request(
        base + "/sign-in/demo/", data.encode(), {"Referer": base + "/sign-in/"}
    )
    client.open(request).read()
    return client


def _first_detail(client: urllib.request.OpenerDirector, base: str, paths: list[str]) -> list[str]:
    page = client.open(base + paths[0]).read().decode()
    found = re.findall(r'href="((?:/desk/(?:claims|hospital|projects)|/conventions)/\w+/)"', page)
    return [path for path in found if path not in paths][:1]


@contextmanager
def served() -> Iterator[dict[str, str]]:
    """Both sites on free ports."""
    port = _free_pair()
    with tempfile.TemporaryDirectory() as scratch:
        data = os.environ.get("TAIHE_BENCH_DATA") or scratch
        process = subprocess.Popen(
            [sys.executable, "-m", "taihe.cli.main", "up", "--port", str(port), "--data", data],
            stdout=subprocess.PIPE,
        )
        try:
            assert process.stdout
            for line in process.stdout:
                if b"Demo accounts" in line:
                    break
            yield {"health": f"http://127.0.0.1:{port}", "zone": f"http://127.0.0.1:{port + 1}"}
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def _free_pair() -> int:
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with socket.socket() as second:
            try:
                second.bind(("127.0.0.1", port + 1))
                return port
            except OSError:
                continue
