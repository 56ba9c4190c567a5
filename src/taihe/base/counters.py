"""Counts of this process's requests by route and status, for `/metrics`. No values, no names."""

from __future__ import annotations

import threading

_lock = threading.Lock()
_requests: dict[tuple[str, int], int] = {}
_seconds: dict[str, float] = {}


def count(route: str, status: int, seconds: float) -> None:
    """Count one answer."""
    with _lock:
        _requests[route, status] = _requests.get((route, status), 0) + 1
        _seconds[route] = _seconds.get(route, 0.0) + seconds


def snapshot() -> tuple[dict[tuple[str, int], int], dict[str, float]]:
    """Requests by route and status, and seconds by route."""
    with _lock:
        return dict(_requests), dict(_seconds)
