"""The health site's figures on the zone site: asked as between agencies, kept with their time."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.test import Client

from taihe.kernel.errors import Incorrect
from taihe.zone import models, peer
from taihe.zone.domain.aggregates import FORM, read_aggregates

AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
TOKEN = "t0ken"


def cell(key: str, numerator: int | None, denominator: int | None) -> dict[str, Any]:
    value = None if denominator is None else round(100 * (numerator or 0) / denominator, 4)
    return {
        "key": key, "parent": "", "name": key, "numerator": numerator,
        "denominator": denominator, "value": value, "reason": "" if denominator else "small",
    }  # fmt: skip


def document(*cells: dict[str, Any]) -> dict[str, Any]:
    row = {
        "key": "insight-hypertension-control", "title": "血压控制率", "unit": "%",
        "definition": "/definitions/insight-hypertension-control/", "source": "规范",
        "example": False, "edition": 2, "as_of": "2026-11-23", "minimum_cell": 11,
        "published_at": "2026-11-23T00:00:00Z", "cells": list(cells),
    }  # fmt: skip
    return {"form": FORM, "aggregates": [row]}


GOOD = document(cell("county", 600, 1000), cell("town", None, None))


class Health:
    """A health site that answers what a test wants."""

    def __init__(self) -> None:
        self.status, self.body, self.tokens = 200, json.dumps(GOOD).encode(), []
        self.location = ""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.tokens.append(self.headers.get("Authorization"))
                self.send_response(outer.status)
                if outer.location:
                    self.send_header("Location", outer.location)
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def health(settings: Any, tmp_path: Any) -> Iterator[Health]:
    made = Health()
    settings.TAIHE_PEER, settings.TAIHE_KEYS = made.address, tmp_path
    (tmp_path / "peer.token").write_text(TOKEN + "\n", "ascii")
    yield made
    made.close()


def test_an_officer_asks_and_sees_figures_with_their_time(health: Health, officer: Client) -> None:
    assert officer.post("/desk/agreement/ask/").status_code == 302
    page = officer.get("/agreement/").content.decode()
    assert "血压控制率" in page and "60.0 %" in page and "600 / 1,000" in page
    assert f"{health.address}/definitions/insight-hypertension-control/" in page
    assert health.tokens == [f"Bearer {TOKEN}"] and TOKEN not in page
    assert "血压控制率" not in Client().get("/agreement/").content.decode()


def test_when_the_peer_is_away_the_old_figures_stay_and_say_so(
    health: Health, officer: Client
) -> None:
    assert peer.ask(by=None, at=AT)
    health.close()
    assert not peer.ask(by=None, at=AT + timedelta(minutes=5))
    page = officer.get("/agreement/").content.decode()
    assert "没有应答" in page and "旧数" in page and "60.0 %" in page


def test_figures_grow_stale(health: Health) -> None:
    peer.ask(by=None, at=AT)
    assert not peer.state(AT + timedelta(minutes=59)).is_stale
    assert peer.state(AT + timedelta(minutes=61)).is_stale


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (401, b"", "不认这个令牌"),
        (403, b"", "不认这个令牌"),
        (503, b"", "503"),
        (200, b"<html>", "不是 JSON"),
        (200, b"\xff\xfe", "不是 JSON"),
        (200, b"[]", "约定的格式"),
        (200, json.dumps(document(cell("county", 3, 9))).encode(), "最小格子"),
        (200, b"x" * (peer.MOST_BYTES + 1), "太大"),
    ],
    ids=["unknown", "narrow", "fault", "html", "bytes", "form", "telling cell", "large"],
)
def test_what_is_no_good_answer_changes_nothing(
    health: Health, status: int, body: bytes, says: str
) -> None:
    peer.ask(by=None, at=AT)
    health.status, health.body = status, body
    assert not peer.ask(by=None, at=AT + timedelta(minutes=10))
    state = peer.state(AT + timedelta(minutes=10))
    assert says in state.trouble
    assert state.figures[0].value == 60 and state.answered_at == AT


def test_the_token_follows_no_redirect(health: Health) -> None:
    other = Health()
    health.status, health.location = 302, f"{other.address}/api/v1/aggregates"
    assert not peer.ask(by=None, at=AT)
    assert other.tokens == []
    other.close()


def test_without_address_or_token_nobody_is_asked(settings: Any, tmp_path: Any) -> None:
    settings.TAIHE_PEER, settings.TAIHE_KEYS = "", tmp_path
    assert not peer.ask(by=None, at=AT)
    assert "没有设置" in models.PeerAnswer.objects.get().trouble
    settings.TAIHE_PEER = "http://127.0.0.1:9"
    assert not peer.ask(by=None, at=AT)
    assert "令牌" in models.PeerAnswer.objects.get().trouble


def test_only_officers_ask(health: Health, auditor: Client) -> None:
    assert auditor.post("/desk/agreement/ask/").status_code == 404
    assert Client().post("/desk/agreement/ask/").status_code == 302
    assert health.tokens == []


@pytest.mark.parametrize(
    "change",
    [
        {"as_of": "soon"},
        {"minimum_cell": None},
        {"cells": 3},
        {"definition": "https://elsewhere.example/"},
        {"definition": "//elsewhere.example/"},
        {"title": None, "cells": [{"key": "county"}]},
    ],
    ids=["day", "minimum", "cells", "address", "other host", "cell"],
)
def test_an_answer_that_cannot_be_read_is_refused_whole(change: dict[str, Any]) -> None:
    bad = document(cell("county", 600, 1000))
    bad["aggregates"][0].update(change)
    with pytest.raises(Incorrect):
        read_aggregates(bad)
