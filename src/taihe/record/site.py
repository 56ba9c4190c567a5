"""The record of this process's site: one store per process, made when it is first needed."""

from __future__ import annotations

import os
import threading

from taihe.record.database import Database
from taihe.record.keys import Keys
from taihe.record.store import Store

_stores: dict[tuple[int, str], Store] = {}
_lock = threading.Lock()


def the_store() -> Store:
    """The store of this process's site."""
    from django.conf import settings

    from taihe.base import store as base_store

    path = base_store.path_of("default")
    key = (os.getpid(), path)
    found = _stores.get(key)
    if found is None:
        with _lock:
            found = _stores.get(key)
            if found is None:
                found = _stores[key] = Store(Database(path), Keys.read(settings.TAIHE_KEYS))
    return found
