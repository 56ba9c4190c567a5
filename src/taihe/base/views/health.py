"""Whether the site works (`/healthz`) and how much it does (`/metrics`). No personal data."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from taihe.base import chain, counters, store, tasks
from taihe.base.public import current_actor, public_page

LATE_SECONDS = 60.0
_began = time.time()


@public_page
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when the stores can be written; a late sealer is said and does not make it 503."""
    checks = {alias: _writable(alias) for alias in ("default", "access")}
    lag = max(sealing_lags().values(), default=0.0) if "ok" in checks.values() else 0.0
    checks["sealer"] = "ok" if lag <= LATE_SECONDS else "late"
    works = checks["default"] == checks["access"] == "ok"
    fine = works and checks["sealer"] == "ok"
    body = {
        "status": "ok" if fine else "degraded" if works else "failing",
        "site": settings.TAIHE_SITE,
        "checks": checks,
        "sealer_lag_seconds": round(lag, 1),
    }
    response = JsonResponse(body, status=200 if works else 503)
    response["Cache-Control"] = "no-store"
    return response


@public_page
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text, for this machine itself and for administrators; others find nothing."""
    local = request.META.get("REMOTE_ADDR") in ("127.0.0.1", "::1")
    direct = "X-Forwarded-For" not in request.headers and "Forwarded" not in request.headers
    actor = current_actor(request)
    if not (local and direct) and not (actor and actor.has("administrator", "security_auditor")):
        raise Http404
    text = "\n".join(_lines()) + "\n"
    return HttpResponse(text, content_type="text/plain; version=0.0.4; charset=utf-8")


def sealing_lags() -> dict[str, float]:
    """How long, in seconds, the oldest row of each chain has been waiting for its seal."""
    lags: dict[str, float] = {}
    now_us = time.time_ns() // 1000
    try:
        with closing(store.connect_to_read(store.path_of("default"))) as seals:
            for each in chain.registered():
                if not each.table:
                    continue
                last = seals.execute(
                    "SELECT max(last_seq) FROM base_seal WHERE chain = ?", (each.name,)
                ).fetchone()[0]
                with closing(store.connect_to_read(store.path_of(each.alias))) as rows:
                    row = rows.execute(
                        f"SELECT at_us FROM {each.table} WHERE id > ? ORDER BY id LIMIT 1",
                        (last or 0,),
                    ).fetchone()
                lags[each.name] = max(0.0, (now_us - row[0]) / 1e6) if row else 0.0
    except sqlite3.Error:
        return lags
    return lags


def _writable(alias: str) -> str:
    try:
        with closing(store.connect(store.path_of(alias), timeout_seconds=2)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except (sqlite3.Error, OSError) as error:
        # A load holds the writer now and then: busy is not broken.
        return "ok" if "locked" in str(error) else f"failing ({type(error).__name__})"
    return "ok"


def _lines() -> Iterator[str]:
    requests, seconds = counters.snapshot()
    yield "# HELP taihe_up_seconds Seconds since this process began."
    yield "# TYPE taihe_up_seconds gauge"
    yield f"taihe_up_seconds {time.time() - _began:.0f}"
    yield "# HELP taihe_requests_total Answers by route and status."
    yield "# TYPE taihe_requests_total counter"
    for (route, status), number in sorted(requests.items()):
        yield f'taihe_requests_total{{route="{_label(route)}",status="{status}"}} {number}'
    yield "# HELP taihe_request_seconds_total Seconds spent on answers by route."
    yield "# TYPE taihe_request_seconds_total counter"
    for route, spent in sorted(seconds.items()):
        yield f'taihe_request_seconds_total{{route="{_label(route)}"}} {spent:.6f}'
    yield "# HELP taihe_tasks Tasks by state."
    yield "# TYPE taihe_tasks gauge"
    for state, number in sorted(tasks.counts().items()):
        yield f'taihe_tasks{{state="{state}"}} {number}'
    yield "# HELP taihe_sealing_lag_seconds Age of the oldest row that is not sealed."
    yield "# TYPE taihe_sealing_lag_seconds gauge"
    for name, lag in sorted(sealing_lags().items()):
        yield f'taihe_sealing_lag_seconds{{chain="{name}"}} {lag:.3f}'


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
