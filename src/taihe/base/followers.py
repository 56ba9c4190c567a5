"""
What else runs beside tasks in `taihe work`: followers of the feed, listeners of devices.

A context registers a function that works until its event is set; each gets a thread.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from taihe.base.logs import describe

Loop = Callable[[threading.Event], None]
log = logging.getLogger("taihe.base.followers")

_loops: dict[str, Loop] = {}


def register(name: str, loop: Loop) -> None:
    """Have `taihe work` run a loop until its event is set; call it from `AppConfig.ready`."""
    _loops[name] = loop


def start(stop: threading.Event) -> list[threading.Thread]:
    """Start every registered loop in a thread of its own."""
    threads = [
        threading.Thread(target=_run, args=(name, loop, stop), name=name, daemon=True)
        for name, loop in _loops.items()
    ]
    for thread in threads:
        thread.start()
    return threads


def _run(name: str, loop: Loop, stop: threading.Event) -> None:
    """Run a loop; one that fails is started again after a pause."""
    pause = 1.0
    while not stop.is_set():
        try:
            loop(stop)
            return
        except Exception as error:  # noqa: BLE001 - a follower that fails is started again
            log.error("%s failed, starting again in %.0f s: %s", name, pause, describe(error))
            stop.wait(pause)
            pause = min(pause * 2, 60)
