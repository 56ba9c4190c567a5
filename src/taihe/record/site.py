"""The record of this process's site: one store per process, made when it is first needed."""

from __future__ import annotations

import os
import threading

from taihe.record.database import Database
from taihe.record.keys import Keys
from taihe.record.store import Store

_current: tuple[int, Store] | None = None
_lock = threading.Lock()


def the_store() -> Store:
    """The store of this process's site."""
    current = _current
    if current is not None and current[0] == os.getpid():
        return current[1]
    return _open()


def _open() -> Store:
    global _current
    from django.conf import settings

    from taihe.base import store as base_store

    with _lock:
        if _current is None or _current[0] != os.getpid():
            database = Database(base_store.path_of("default"))
            _current = os.getpid(), Store(database, Keys.read(settings.TAIHE_KEYS))
        return _current[1]
