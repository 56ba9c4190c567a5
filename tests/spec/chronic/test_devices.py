"""Bluetooth packets and gateway payloads: decoded whole, or refused."""

from __future__ import annotations

import pytest

from taihe.chronic.domain.facts import Impossible
from taihe.chronic.public import device_packet, gateway_readings
from taihe.kernel.errors import Unsupported


def packet(text: str) -> bytes:
    return bytes.fromhex(text.replace(" ", ""))


def test_a_pressure_with_pulse_and_status() -> None:
    found = device_packet("0x2A35", packet("14 7600 4c00 5a00 4000 0100"))
    assert (found["systolic"], found["diastolic"], found["pulse"]) == (118, 76, 64)
    assert found["body_movement"]
    assert not found["irregular_pulse"]


def test_kilopascal_with_a_decimal() -> None:
    found = device_packet("0x2A35", packet("01 a0f0 6bf0 7cf0"))
    assert (found["systolic"], found["unit"]) == (16.0, "kPa")


def test_a_failed_measurement_is_none_not_a_number() -> None:
    found = device_packet("0x2A35", packet("00 ff07 ff07 ff07"))
    assert found["systolic"] is None


@pytest.mark.parametrize("length", range(1, 11))
def test_a_truncated_packet_is_refused_at_every_length(length: int) -> None:
    whole = packet("14 7600 4c00 5a00 4000 0100")
    with pytest.raises(Impossible, match="ends in the middle"):
        device_packet("0x2A35", whole[:length])


def test_a_packet_longer_than_its_flags_is_refused() -> None:
    with pytest.raises(Impossible, match="longer"):
        device_packet("0x2A35", packet("00 7600 4c00 5a00 4000"))


def test_the_offset_of_a_glucose_may_cross_midnight() -> None:
    found = device_packet("0x2A18", packet("07 0300 ea07 0b16 1732 00 1e00 a7c0 11"))
    assert found["mmol_per_l"] == 16.7
    assert found["measured_at"] == "2026-11-23T00:20:00"


def test_an_impossible_clock_is_refused() -> None:
    with pytest.raises(Impossible, match="does not exist"):
        device_packet("0x2A18", packet("00 0500 ea07 0d16 0c0000"))


def test_other_characteristics_are_not_read() -> None:
    with pytest.raises(Unsupported):
        device_packet("0x2A37", b"\0")


def test_gateways_send_lists_and_glucose_as_text() -> None:
    def wrap(*devices: dict) -> dict:
        return {"type": "reportAttribute", "data": {"value": {"device_list": list(devices)}}}

    pressure = {"bp_high": 137, "bp_low": 95, "PR": 74, "scan_time": 1}
    glucose = {"blood_glucose": "108", "marker": "After Meal", "scan_time": 2}
    found = gateway_readings(wrap(pressure, glucose))
    assert [(each["kind"], each["measured_at"]) for each in found] == [("bp", 1), ("glucose", 2)]
    assert (found[1]["mg_dl"], found[1]["mmol_l"], found[1]["meal"]) == (108, 6.0, "post")
    with pytest.raises(Impossible, match="not a number"):
        gateway_readings(wrap(glucose | {"blood_glucose": "high"}))
    with pytest.raises(Impossible, match="no readings"):
        gateway_readings({"type": "reportAttribute", "data": {}})
    with pytest.raises(Impossible, match="unknown kind"):
        gateway_readings(wrap({"steps": 3}))
