"""`/healthz` and `/metrics`: how the site is, without anybody's data."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from taihe.base import store, tasks, trail
from taihe.base.models import TrailRow
from taihe.base.views import health

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "access"])


def test_a_site_that_works_says_so(client):
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.json()["site"] == "health"
    assert response.json()["checks"]["default"] == "ok"
    assert response["Cache-Control"] == "no-store"


def test_a_busy_store_is_not_a_broken_one(client, monkeypatch):
    connect = store.connect
    monkeypatch.setattr(store, "connect", lambda path, **_: connect(path, timeout_seconds=0.05))
    load = sqlite3.connect(store.path_of("default"), isolation_level=None)
    load.execute("BEGIN IMMEDIATE")
    try:
        assert client.get("/healthz").status_code == 200
    finally:
        load.close()


def test_a_store_that_cannot_be_written_is_503(client, monkeypatch):
    real = store.path_of
    monkeypatch.setattr(
        health.store,
        "path_of",
        lambda alias: "/proc/none/x.sqlite3" if alias == "access" else real(alias),
    )
    response = client.get("/healthz")
    assert response.status_code == 503
    assert response.json()["status"] == "failing"


def test_a_late_sealer_is_said(client):
    trail.record("a.b", "c:1", by=None)
    TrailRow.objects.update(at_us=TrailRow.objects.get().at_us - 300_000_000)
    body = client.get("/healthz").json()
    assert body["checks"]["sealer"] == "late"
    assert body["status"] == "degraded"
    assert 299 < body["sealer_lag_seconds"] < 400


def test_metrics_are_counts_by_route(client):
    client.get("/healthz?name=欧阳建国")
    tasks.enqueue("x", {})
    response = client.get("/metrics")
    text = response.content.decode()
    assert response["Content-Type"].startswith("text/plain; version=0.0.4")
    assert 'taihe_requests_total{route="healthz",status="200"}' in text
    assert 'taihe_tasks{state="waiting"} 1' in text
    assert 'taihe_sealing_lag_seconds{chain="trail"}' in text
    assert "欧阳" not in text


@pytest.mark.parametrize(
    "where", [{"REMOTE_ADDR": "10.1.2.3"}, {"HTTP_X_FORWARDED_FOR": "10.1.2.3"}]
)
def test_metrics_are_not_for_strangers_from_elsewhere(client, where):
    assert client.get("/metrics", **where).status_code == 404


def test_the_test_process_has_its_own_files():
    assert "taihe-test-" in str(Path(store.path_of("default")))
