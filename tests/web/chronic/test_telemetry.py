"""Home readings over HTTP: a verdict each, once only, an alarm where it is due."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from taihe.base import models as base
from taihe.base import public
from taihe.chronic import models, queries
from taihe.record import public as record
from tests.web.chronic.conftest import today

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "access"])
URL = "/api/v1/telemetry"
UUID = "0b6c1c2e-55a1-4f0e-9a0e-000000000001"


def reading(**changed: Any) -> dict[str, Any]:
    at = timezone.now() - timedelta(minutes=10)
    item = {
        "id": UUID,
        "kind": "bp",
        "systolic": 142,
        "diastolic": 86,
        "pulse": 72,
        "unit": "mmHg",
        "measured_at": at.isoformat(timespec="seconds"),
    }
    item |= changed
    return {name: value for name, value in item.items() if value is not None}


@pytest.fixture
def token() -> str:
    """A gateway that may write Observations."""
    party = public.create_system_party("网关")
    record.relate(0, party, "platform", start=datetime(2020, 1, 1, tzinfo=UTC), source="test")
    return record.issue_token("system/Observation.c", 60, party, "gateway")


@pytest.fixture
def send(token):
    """Sends readings as the gateway: `send(item, ...)` gives the verdicts."""

    def call(*items: Any, expect: int = 202, raw: Any = None, **headers: str):
        body = raw if raw is not None else {"readings": list(items)}
        answer = Client().post(
            URL,
            body if isinstance(body, bytes) else json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}", **headers},
        )
        assert answer.status_code == expect, answer.content.decode()
        return answer.json()["items"] if expect == 202 else answer

    return call


def test_a_reading_is_stored_once_and_the_resident_sees_it(send, wang, signed_in) -> None:
    item = reading(patient="Patient/wang")
    [first] = send(item)
    [second] = send(item)
    assert (first["status"], second["status"]) == ("stored", "unchanged")
    assert first["reference"] == second["reference"]
    assert models.Reading.objects.filter(home=True).count() == 1
    browser = signed_in("resident")
    account = public.account("resident-1")
    record.relate(wang, account.party, "self", start=today(), source="test")
    page = browser.get("/app/results/").content.decode()
    assert "家庭血压" in page and "142/86" in page


def test_the_same_id_with_another_value_is_refused(send, wang) -> None:
    send(reading(patient="Patient/wang"))
    [verdict] = send(reading(patient="Patient/wang", systolic=150))
    assert verdict["status"] == "refused" and "another value" in verdict["problem"]
    assert models.Reading.objects.get(home=True).sbp_mmhg == 142


def test_without_an_id_device_and_time_tell_readings_apart(send, wang) -> None:
    item = reading(id=None, patient="Patient/wang", device_id="02:00:00:00:00:01")
    later = item | {"measured_at": timezone.now().isoformat()}
    verdicts = send(item, item, later)
    assert [v["status"] for v in verdicts] == ["stored", "unchanged", "stored"]


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"systolic": 80, "diastolic": 120}, "not above the diastolic"),
        ({"systolic": 1420}, "outside 40 to 300"),
        ({"systolic": "high"}, "not a number"),
        ({"diastolic": None}, "diastolic is missing"),
        ({"unit": None}, "unit is missing"),
        ({"unit": "mmol/L"}, "unit is missing"),
        ({"measured_at": "2031-01-01T08:00:00+08:00"}, "lies in the future"),
        ({"measured_at": "2026-11"}, "no time"),
        ({"kind": "steps"}, "kind is unknown"),
        ({"id": 7}, "id is no UUID"),
        ({"patient": "Patient/nobody"}, "no such patient"),
        ({"patient": None, "device_id": "FFFFFFFF"}, "own this device"),
    ],
)
def test_what_cannot_be_is_refused_and_the_rest_is_stored(send, wang, changed, problem) -> None:
    good = reading(id="0b6c1c2e-55a1-4f0e-9a0e-000000000009", patient="Patient/wang")
    wrong, right = send(reading(**{"patient": "Patient/wang"} | changed), good)
    assert wrong["status"] == "refused" and problem in wrong["problem"] and wrong["do"]
    assert right["status"] == "stored"


def test_kilopascal_becomes_mmhg_and_milligrams_become_mmol(send, wang) -> None:
    send(
        reading(patient="Patient/wang", systolic=18.4, diastolic=11.2, unit="kPa"),
        reading(
            id=None, patient="Patient/wang", kind="glucose", value=108, unit="mg/dL",
            meal="fasting", systolic=None, diastolic=None,
        ),
    )  # fmt: skip
    pressure, glucose = models.Reading.objects.filter(home=True).order_by("kind")
    assert (pressure.sbp_mmhg, pressure.dbp_mmhg, glucose.fpg_mmol) == (138, 84, 6)


def test_an_extreme_reading_calls_the_team_once_and_says_what_to_do(send, wang, doctor) -> None:
    [verdict] = send(reading(patient="Patient/wang", systolic=182, diastolic=100))
    assert verdict["alarm"] == "收缩压≥180mmHg" and "5 分钟后再测" in verdict["advice"]
    again = reading(
        id=None, patient="Patient/wang", systolic=184, diastolic=112,
        measured_at=timezone.now().isoformat(),
    )  # fmt: skip
    send(again, again)
    alert = models.Alert.objects.get()
    assert (alert.times, alert.rule, alert.person) == (2, "danger-hypertension-01", wang)
    page = doctor.get("/desk/chronic/").content.decode()
    assert "1 人的自测值要马上联系" in page and "184/112 mmHg" in page and "王秀英" in page


@pytest.mark.parametrize(("high", "low"), [(179, 109), (179, 80)])
def test_just_below_calls_nobody(send, wang, high, low) -> None:
    [verdict] = send(reading(patient="Patient/wang", systolic=high, diastolic=low))
    assert "alarm" not in verdict and not models.Alert.objects.exists()


def test_an_old_extreme_reading_is_stored_and_calls_nobody(send, wang) -> None:
    old = (timezone.now() - timedelta(hours=25)).isoformat()
    [verdict] = send(reading(patient="Patient/wang", systolic=190, measured_at=old))
    assert verdict["status"] == "stored" and not models.Alert.objects.exists()


def week(days: int, each: int, high: int) -> list[dict[str, Any]]:
    now = timezone.now()
    return [
        reading(
            id=None, patient="Patient/wang", systolic=high, diastolic=80,
            measured_at=(now - timedelta(days=day, minutes=10 * n)).isoformat(),
        )
        for day in reversed(range(days))
        for n in reversed(range(each))
    ]  # fmt: skip


def test_a_high_mean_calls_and_a_mean_of_too_few_does_not(send, wang) -> None:
    send(*week(3, 4, 136)[1:])
    assert not models.Alert.objects.exists()
    send(*week(3, 4, 136)[:1])
    send(*week(1, 1, 137))
    assert models.Alert.objects.get().cause == "home-mean"


def test_an_alarm_ends_with_what_was_done(send, wang, doctor) -> None:
    send(reading(patient="Patient/wang", systolic=182))
    alert = models.Alert.objects.get()
    step = {"number": alert.pk, "state": "open", "action": "call"}
    refused = doctor.post("/desk/chronic/alerts/", step)
    assert refused.status_code == 400 and "需要写明理由" in refused.content.decode()
    doctor.post("/desk/chronic/alerts/", step | {"note": "已嘱复测"})
    doctor.post("/desk/chronic/alerts/", {"number": alert.pk, "state": "called", "action": "see"})
    alert.refresh_from_db()
    assert (alert.state, alert.is_waiting) == ("seen", False)
    assert not queries.waiting_alerts([wang])
    late = doctor.post("/desk/chronic/alerts/", step | {"note": "x"})
    assert late.status_code == 409
    send(reading(id=None, patient="Patient/wang", systolic=185))
    assert models.Alert.objects.count() == 2


def test_a_gateways_payload_is_taken_for_a_bound_device(send, wang, doctor) -> None:
    payload = {
        "type": "reportAttribute",
        "data": {
            "attribute": "BP_BIOLIGHT",
            "value": {
                "device_list": [
                    {
                        "PR": 74,
                        "ble_addr": "020000000001",
                        "bp_high": 137,
                        "bp_low": 95,
                        "scan_time": int(timezone.now().timestamp()),
                    }
                ]
            },
        },
    }
    [refused] = send(raw=payload)
    assert refused["status"] == "refused"
    bad = doctor.post(f"/desk/chronic/{wang}/device/", {"code": "!"})
    assert bad.status_code == 400 and "设备编号不对" in bad.content.decode()
    doctor.post(f"/desk/chronic/{wang}/device/", {"code": "02:00:00:00:00:01"})
    payload["data"]["value"]["device_list"][0]["scan_time"] = int(timezone.now().timestamp()) + 1
    [taken] = send(raw=payload)
    assert taken["status"] == "stored"
    assert models.Reading.objects.get(home=True).dbp_mmhg == 95
    assert send(raw={"type": "HB_Msg", "data": {"msg": "Online"}}) == []


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"{", "not JSON"),
        (b"[]", "no object"),
        (b"{}", "no list of readings"),
        (b'{"readings": 3}', "no list of readings"),
        (b'{"readings": [' + b",".join([b"1"] * 501) + b"]}", "More than 500"),
        (b" " * (1 << 20) + b"{}", "longer than 1 MB"),
    ],
)
def test_a_body_that_cannot_be_is_a_problem_document(send, raw, problem) -> None:
    answer = send(raw=raw, expect=400)
    assert answer["Content-Type"] == "application/problem+json"
    assert problem in answer.json()["detail"]


def test_who_may_not_send_is_refused(wang, account) -> None:
    body = json.dumps({"readings": [reading(patient="Patient/wang")]})

    def post(browser: Client, **headers: str):
        return browser.post(URL, body, content_type="application/json", headers=headers)

    nobody = post(Client())
    assert nobody.status_code == 401 and nobody["WWW-Authenticate"].startswith("Bearer")
    assert nobody["Content-Type"] == "application/problem+json"
    assert post(Client(), Authorization="Bearer unknown").status_code == 401
    party = public.create_system_party("只读")
    narrow = record.issue_token("system/Observation.rs", 60, party)
    assert post(Client(), Authorization=f"Bearer {narrow}").status_code == 403
    unrelated = record.issue_token("system/Observation.c", 60, party)
    assert post(Client(), Authorization=f"Bearer {unrelated}").status_code == 403
    made = account("village_doctor")
    doctor = Client()
    doctor.force_login(
        base.Account.objects.get(pk=made.account_id),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    assert post(doctor).status_code == 403
    got = Client().get(URL)
    assert got.status_code == 405 and got["Allow"] == "POST"
    assert not models.Received.objects.exists()


def test_a_resident_sends_for_themselves_with_the_pages_token(wang, account) -> None:
    made = account("resident")
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(
        base.Account.objects.get(pk=made.account_id),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    body = json.dumps({"readings": [reading(patient="Patient/somebody-else")]})

    def post(**headers: str):
        return browser.post(URL, body, content_type="application/json", headers=headers)

    record.relate(wang, made.party, "self", start=today(), source="test")
    assert post().status_code == 403
    browser.get("/app/me/")
    token = browser.cookies["taihe_health_csrf"].value
    answer = post(X_CSRFToken=token)
    assert answer.status_code == 202, answer.content.decode()
    assert models.Reading.objects.get(home=True).person == wang


def test_the_interface_is_documented() -> None:
    found = Client().get("/api/v1/openapi.json").json()
    post = found["paths"]["/api/v1/telemetry"]["post"]
    assert set(post["responses"]) == {"202", "400", "401", "403", "405"}
