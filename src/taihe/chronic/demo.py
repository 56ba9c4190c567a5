"""Scenes of the demo county: the registry, and a home reading that calls the village doctor."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from taihe.chronic import actions, following, models, rules
from taihe.chronic.domain.telemetry import read_reading
from taihe.kernel.codes import System
from taihe.record import public as record


def fill(county_manifest: dict[str, Any], folder: Path, *, by: int, at: datetime) -> None:
    """
    Decide the registry, and let the elder's son measure a very high pressure twice.

    Doing it again changes nothing.
    """
    following.catch_up()
    son = county_manifest.get("demo", {}).get("son")
    if not son or models.Received.objects.exists():
        return
    person = record.person_of(System.INSURANCE_PERSON, son["psn_no"])
    if person is None:
        return
    for minutes, high, low in ((40, 184, 112), (32, 182, 110)):
        item = {
            "kind": "bp",
            "systolic": high,
            "diastolic": low,
            "pulse": 84,
            "unit": "mmHg",
            "measured_at": (at - timedelta(minutes=minutes)).isoformat(),
            "device_id": "020000000001",
        }
        reading = read_reading(item, limits=rules.limits(), now=at)
        actions.take_home_readings(person, [reading], by=by, at=at)
