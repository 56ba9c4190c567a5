"""
Readings as devices send them: Bluetooth GATT packets, and the payloads of real gateways.

A truncated packet is an error, never a partial reading. Times are the device's own clock;
nothing here corrects them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from taihe.chronic.domain.facts import Impossible

PRESSURE, GLUCOSE = "0x2A35", "0x2A18"
MG_DL_PER_MMOL = 18.0
_SPECIAL = {0x07FF, 0x0800, 0x07FE, 0x0802, 0x0801}


class Packet:
    """The bytes of a packet, read from the front, little-endian."""

    def __init__(self, data: bytes) -> None:
        self._data, self._place = data, 0

    def take(self, count: int) -> bytes:
        """The next bytes; raises `Impossible` when the packet ends before them."""
        part = self._data[self._place : self._place + count]
        if len(part) < count:
            raise Impossible("The packet ends in the middle of a field.", "Read it again.")
        self._place += count
        return part

    def whole(self, count: int, *, signed: bool = False) -> int:
        """An integer of so many bytes."""
        return int.from_bytes(self.take(count), "little", signed=signed)

    def sfloat(self) -> float | None:
        """
        IEEE 11073 SFLOAT: 12 bits mantissa, 4 bits exponent, both signed.

        None for NaN and the other special values: the measurement failed.
        """
        raw = self.whole(2)
        mantissa, exponent = raw & 0x0FFF, raw >> 12
        if mantissa in _SPECIAL and exponent == 0:
            return None
        mantissa -= 0x1000 if mantissa & 0x0800 else 0
        exponent -= 0x10 if exponent & 0x8 else 0
        value = mantissa * 10**exponent if exponent >= 0 else mantissa / 10**-exponent
        return float(value)

    def moment(self) -> datetime:
        """Year (2 bytes), month, day, hour, minute, second."""
        year = self.whole(2)
        month, day, hour, minute, second = (self.whole(1) for _ in range(5))
        try:
            return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 device clock
        except ValueError:
            raise Impossible(
                "The packet has a time that does not exist.", "Set the clock."
            ) from None

    def end(self) -> None:
        """Nothing may be left over."""
        if self._place != len(self._data):
            raise Impossible("The packet is longer than its flags say.", "Read it again.")


@dataclass(frozen=True)
class PressureReading:
    """A blood pressure measurement; pulse per minute, `status` as the device's own bits."""

    systolic: float | None
    diastolic: float | None
    mean: float | None
    unit: str
    timestamp: datetime | None
    pulse: float | None
    user_id: int | None
    status: int | None

    def bit(self, number: int) -> bool:
        """One bit of the status: 0 movement, 1 cuff too loose, 2 irregular pulse."""
        return bool((self.status or 0) >> number & 1)


@dataclass(frozen=True)
class GlucoseReading:
    """A glucose measurement; `measured_at` is base time and offset, which may cross midnight."""

    sequence: int
    base_time: datetime
    offset_min: int | None
    mmol_per_l: float | None
    status: int | None

    @property
    def measured_at(self) -> datetime:
        """When it was measured by the device's clock."""
        return self.base_time + timedelta(minutes=self.offset_min or 0)


def read_pressure(data: bytes) -> PressureReading:
    """A packet of characteristic 0x2A35."""
    packet = Packet(data)
    flags = packet.whole(1)
    systolic, diastolic, mean = packet.sfloat(), packet.sfloat(), packet.sfloat()
    timestamp = packet.moment() if flags & 2 else None
    pulse = packet.sfloat() if flags & 4 else None
    user = packet.whole(1) if flags & 8 else None
    status = packet.whole(2) if flags & 16 else None
    packet.end()
    unit = "kPa" if flags & 1 else "mmHg"
    return PressureReading(systolic, diastolic, mean, unit, timestamp, pulse, user, status)


def read_glucose(data: bytes) -> GlucoseReading:
    """A packet of characteristic 0x2A18."""
    packet = Packet(data)
    flags = packet.whole(1)
    sequence, base = packet.whole(2), packet.moment()
    offset = packet.whole(2, signed=True) if flags & 1 else None
    mmol = None
    if flags & 2:
        value = packet.sfloat()
        packet.take(1)
        if value is not None:
            mmol = value * 1000 if flags & 4 else value * 100_000 / MG_DL_PER_MMOL
            mmol = round(mmol, 2)
    status = packet.whole(2) if flags & 8 else None
    packet.end()
    return GlucoseReading(sequence, base, offset, mmol, status)


MEALS = {"before meal": "pre", "after meal": "post", "fasting": "fasting", "bedtime": "bedtime"}


@dataclass(frozen=True)
class GatewayReading:
    """One thing a gateway said: a reading of a kind, or its own status."""

    kind: str
    values: Mapping[str, Any]


def read_gateway(payload: Mapping[str, Any]) -> tuple[GatewayReading, ...]:
    """
    The readings in a gateway's JSON payload, known by their fields.

    Glucose comes as text in mg/dL. A heartbeat gives the gateway's status.
    """
    if payload.get("type") == "HB_Msg":
        said = str((payload.get("data") or {}).get("msg", "")).lower()
        return (GatewayReading("gateway_status", {"online": said == "online"}),)
    value = (payload.get("data") or {}).get("value") or {}
    devices = value.get("device_list")
    if not isinstance(devices, list) or not devices:
        raise Impossible("The payload has no readings.", "See docs/reference.")
    return tuple(_device(device) for device in devices)


def _device(device: Mapping[str, Any]) -> GatewayReading:
    at = {"measured_at": device.get("scan_time")}
    if "bp_high" in device:
        names = (("sbp", "bp_high"), ("dbp", "bp_low"), ("pulse", "PR"))
        return GatewayReading("bp", {ours: _real(device, theirs) for ours, theirs in names} | at)
    if "blood_glucose" in device:
        mg_dl = _real(device, "blood_glucose")
        meal = MEALS.get(str(device.get("marker", "")).strip().lower(), "")
        values = {"mg_dl": mg_dl, "mmol_l": round(mg_dl / MG_DL_PER_MMOL, 2), "meal": meal}
        return GatewayReading("glucose", values | at)
    if "spo2" in device:
        values = {"spo2": _real(device, "spo2"), "pulse": _real(device, "pulse")}
        return GatewayReading("spo2", values | at)
    raise Impossible("The payload has a reading of an unknown kind.", "See docs/reference.")


def _real(device: Mapping[str, Any], name: str) -> float:
    value = device.get(name)
    try:
        number = float(str(value))
    except ValueError:
        raise Impossible(f"{name} is not a number.", "Check the device.") from None
    return int(number) if number == int(number) else number
