"""
Asking the health site for its published aggregates, as one agency asks another.

Over HTTP with a bearer token that the health site issued; the last good answer is kept with its
time, and what went wrong since is kept beside it. Only the worker and an officer's button ask;
a page that is read never waits for the peer.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from django.conf import settings
from django.db import close_old_connections, transaction

from taihe.base import trail
from taihe.base.models import moment
from taihe.kernel.errors import Incorrect, TaiheError
from taihe.zone import actions, models
from taihe.zone.domain.aggregates import Aggregate, is_stale, read_aggregates

SUBJECT = "aggregates"
TIMEOUT_SECONDS = 3
MOST_BYTES = 2_000_000
EVERY_SECONDS, AGAIN_SECONDS = 600.0, 30.0


class _NoRedirect(HTTPRedirectHandler):
    """A redirect would carry the token elsewhere."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


@dataclass(frozen=True)
class State:
    """What is known of the peer: its figures and their time, and what went wrong since."""

    address: str
    figures: tuple[Aggregate, ...]
    answered_at: datetime | None
    is_stale: bool
    trouble: str
    asked_at: datetime | None


def address() -> str:
    """The health site's address without a slash at the end; empty where none is set."""
    found = str(getattr(settings, "TAIHE_PEER", "")).rstrip("/")
    return found if urlsplit(found).scheme in ("http", "https") else ""


def state(now: datetime) -> State:
    """What is kept, without asking anybody."""
    row = models.PeerAnswer.objects.filter(pk=SUBJECT).first()
    if row is None:
        return State(address(), (), None, False, "", None)
    answered = moment(row.answered_at_us) if row.answered_at_us is not None else None
    try:
        figures = tuple(read_aggregates(json.loads(row.body))) if row.body else ()
    except (TaiheError, json.JSONDecodeError):
        figures = ()
    stale = answered is not None and is_stale(answered, now)
    return State(address(), figures, answered, stale, row.trouble, moment(row.asked_at_us))


def ask(*, by: int | None, at: datetime) -> bool:
    """Ask the peer once and keep the answer, or what went wrong; whether it answered."""
    trouble, body = "", ""
    try:
        raw = _fetch()
        read_aggregates(json.loads(raw))
        body = raw.decode("utf-8")
    except TaiheError as error:
        trouble = error.problem
    except HTTPError as error:
        trouble = _words(error.code)
    except (URLError, OSError, HTTPException):
        trouble = "健康太和站点没有应答。"
    except ValueError:
        trouble = "答复不是 JSON。"
    _keep(body, trouble, by=by, at=at)
    return not trouble


def _words(status: int) -> str:
    if status in (401, 403):
        return "健康太和站点不认这个令牌（过期、撤销或范围不够）。"
    return f"健康太和站点答复 {status}。"


def _fetch() -> bytes:
    base = address()
    if not base:
        raise Incorrect("没有设置健康太和站点的地址。", "")
    file = settings.TAIHE_KEYS / "peer.token"
    if not file.exists():
        raise Incorrect("没有健康太和站点发给本站的令牌。", "")
    request = Request(
        f"{base}/api/v1/aggregates",
        headers={"Authorization": f"Bearer {file.read_text('ascii').strip()}"},
    )
    opener = build_opener(_NoRedirect, ProxyHandler({}))
    with opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
        raw = bytes(answer.read(MOST_BYTES + 1))
    if len(raw) > MOST_BYTES:
        raise Incorrect("答复太大。", "")
    return raw


@transaction.atomic
def _keep(body: str, trouble: str, *, by: int | None, at: datetime) -> None:
    row = models.PeerAnswer.objects.select_for_update().filter(pk=SUBJECT).first()
    if row is None:
        row = models.PeerAnswer(subject=SUBJECT, body="", trouble="", asked_at_us=0)
    changed = bool(body) and body != row.body
    row.asked_at_us, row.trouble = actions.microseconds(at), trouble
    if body:
        row.body, row.answered_at_us = body, row.asked_at_us
    row.save()
    if changed:
        trail.record(
            "peer.aggregates.kept", "peer:health", by=by, at=at,
            detail={"sha256": sha256(body.encode()).hexdigest()},
        )  # fmt: skip


def follow(stop: threading.Event) -> None:
    """Ask every ten minutes while the worker runs, sooner after a failure."""
    while not stop.is_set():
        started = time.monotonic()
        close_old_connections()
        pause = EVERY_SECONDS
        if address() and not ask(by=None, at=datetime.now(UTC)):
            pause = AGAIN_SECONDS
        stop.wait(max(1.0, pause - (time.monotonic() - started)))
