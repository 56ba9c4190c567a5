"""
Home readings as apps and gateways send them: one object each, taken whole or refused.

A reading whose clock lies ahead is refused, not moved: what the device says about time is the
only thing that places it between others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from taihe.chronic.domain.devices import MG_DL_PER_MMOL, read_gateway
from taihe.chronic.domain.evidence import moment
from taihe.chronic.domain.facts import Impossible, Limit, Missing, check_pressure, needed, number
from taihe.chronic.domain.follow_up import COMPARE, DangerSign

KPA_IN_MMHG = 7.50062
CLOCK_AHEAD = timedelta(minutes=5)
LONGEST_KEY = 100
KINDS = ("bp", "glucose", "spo2")


@dataclass(frozen=True)
class HomeReading:
    """
    One home reading: pressures in mmHg, glucose in mmol/L, saturation in %, pulse per minute.

    `key` tells it from every other of the same sender: the id the sender gave, else device,
    time, kind and value. `fasting` is None where nobody said.
    """

    key: str
    kind: str
    measured_at: datetime
    device: str = ""
    sbp_mmhg: float | None = None
    dbp_mmhg: float | None = None
    pulse_bpm: float | None = None
    glucose_mmol: float | None = None
    fasting: bool | None = None
    spo2_pct: float | None = None

    @property
    def words(self) -> str:
        """The value as people write it."""
        if self.kind == "bp":
            return f"{self.sbp_mmhg:g}/{self.dbp_mmhg:g} mmHg"
        if self.kind == "glucose":
            return f"{self.glucose_mmol:g} mmol/L"
        return f"{self.spo2_pct:g} %"


@dataclass(frozen=True)
class Alarm:
    """A single extreme reading: its cause, the rule row and the row's words."""

    cause: str
    rule: str
    words: str


def read_reading(
    item: Mapping[str, Any], *, limits: Mapping[str, Limit], now: datetime
) -> HomeReading:
    """
    Read one object of `readings`.

    Raises `Missing` or `Impossible`, saying which field: nothing is guessed, no unit, no day.
    """
    if not isinstance(item, Mapping):
        raise Impossible("A reading is an object.", "See /api/v1/openapi.json.")
    kind = item.get("kind")
    if kind not in KINDS:
        raise Impossible("kind is unknown.", f"Write one of {', '.join(KINDS)}.")
    at = moment(item.get("measured_at"))
    if at is None or len(str(item.get("measured_at"))) < 16:
        raise Missing("measured_at is missing or no time.", "Write an ISO 8601 time with zone.")
    if at > now + CLOCK_AHEAD:
        raise Impossible("measured_at lies in the future.", "Set the clock and send it again.")
    device = str(item.get("device_id") or "").replace(":", "").strip().upper()[:40]
    unit = str(item.get("unit") or "")
    values: dict[str, Any] = {}
    if kind == "bp":
        sbp, dbp = needed(item, "systolic"), needed(item, "diastolic")
        if unit == "kPa":
            sbp, dbp = round(sbp * KPA_IN_MMHG), round(dbp * KPA_IN_MMHG)
        elif unit not in ("mmHg", "mm[Hg]"):
            raise Missing("unit is missing or unknown.", "Write mmHg or kPa.")
        limits["sbp_mmhg"].check(sbp)
        limits["dbp_mmhg"].check(dbp)
        check_pressure(sbp, dbp)
        values = {"sbp_mmhg": sbp, "dbp_mmhg": dbp}
    elif kind == "glucose":
        glucose = needed(item, "value")
        if unit == "mg/dL":
            glucose = round(glucose / MG_DL_PER_MMOL, 2)
        elif unit != "mmol/L":
            raise Missing("unit is missing or unknown.", "Write mmol/L or mg/dL.")
        limits["glucose_mmol"].check(glucose)
        meal = str(item.get("meal") or "")
        values = {"glucose_mmol": glucose, "fasting": meal == "fasting" if meal else None}
    else:
        if unit != "%":
            raise Missing("unit is missing or unknown.", "Write %.")
        spo2 = needed(item, "value")
        limits["spo2_pct"].check(spo2)
        values = {"spo2_pct": spo2}
    pulse = number(item, "pulse")
    if pulse is not None:
        limits["heart_rate_bpm"].check(pulse)
    reading = HomeReading("", kind, at, device, pulse_bpm=pulse, **values)
    given = item.get("id")
    if given is not None and (not isinstance(given, str) or not 8 <= len(given) <= LONGEST_KEY):
        raise Impossible("id is no UUID.", "Give every reading a UUID of its own, or none.")
    key = given or f"{device}|{at.astimezone(UTC).isoformat()}|{kind}|{reading.words}"
    return HomeReading(key, kind, at, device, pulse_bpm=pulse, **values)


def read_gateway_items(payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """
    The readings in a gateway's payload in the form of `readings`; its heartbeat is none.

    `device_id` is the address of the device that measured; who owns it is known here only.
    """
    found = read_gateway(payload)
    value = (payload.get("data") or {}).get("value") or {}
    devices: Sequence[Mapping[str, Any]] = value.get("device_list") or ()
    items = []
    for reading, device in zip(found, devices, strict=False):
        if reading.kind == "gateway_status":
            continue
        scanned = reading.values.get("measured_at")
        item: dict[str, Any] = {
            "kind": reading.kind,
            "device_id": str(device.get("ble_addr") or ""),
            "pulse": reading.values.get("pulse"),
            "measured_at": _written(scanned),
        }
        if reading.kind == "bp":
            item |= {
                "systolic": reading.values["sbp"],
                "diastolic": reading.values["dbp"],
                "unit": "mmHg",
            }
        elif reading.kind == "glucose":
            item |= {
                "value": reading.values["mg_dl"],
                "unit": "mg/dL",
                "meal": reading.values["meal"],
            }
        else:
            item |= {"value": reading.values["spo2"], "unit": "%"}
        items.append(item)
    return items


def _written(seconds: object) -> str:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return ""
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (OverflowError, OSError, ValueError):
        return ""


def alarms(reading: HomeReading, signs: Sequence[DangerSign]) -> tuple[Alarm, ...]:
    """
    The danger signs that a single reading shows, by the measured rows of both diseases.

    One alarm for each cause: high pressure, high glucose, low glucose.
    """
    measures = {
        "sbp_mmhg": reading.sbp_mmhg,
        "dbp_mmhg": reading.dbp_mmhg,
        "glucose_mmol": reading.glucose_mmol,
    }
    found: dict[str, Alarm] = {}
    for row in signs:
        value = measures.get(row.measure)
        if row.value is None or value is None or not COMPARE[row.comparison](value, row.value):
            continue
        way = "low" if row.comparison.startswith("<") else "high"
        cause = f"{'glucose' if row.measure == 'glucose_mmol' else 'bp'}-{way}"
        found.setdefault(cause, Alarm(cause, row.id, row.sign))
    return tuple(found.values())
