"""
No file of an installation holds a citizen number or a telephone number, in any wrapping.

Plain, in base64, in gzip and zlib, in UTF-16, and across the write-ahead log.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from taihe.record.keys import AES_GCM, SM4_GCM, Keys, bound_to
from taihe.record.prepare import is_revealing
from tests.leaks import leaks
from tests.record_kit import Kit, observation, patient

NUMBER = "34052419800101001X"
PHONE = "13912345678"
SECRETS = (NUMBER, NUMBER.lower(), PHONE, "139 1234 5678")


def test_the_search_itself_finds_every_wrapping(tmp_path: Path) -> None:
    text = f'{{"value":"{NUMBER}"}}'.encode()
    (tmp_path / "plain").write_bytes(b"x" * 9 + text)
    (tmp_path / "base64").write_bytes(b"{" + base64.b64encode(b"ab" + text) + b"}")
    (tmp_path / "gzip").write_bytes(b"..." + gzip.compress(text))
    (tmp_path / "zlib").write_bytes(b"..." + zlib.compress(text))
    (tmp_path / "wide").write_bytes(text.decode().encode("utf-16-le"))
    (tmp_path / "clean").write_bytes(b"340524")
    assert leaks(tmp_path, SECRETS) == ["base64", "gzip", "plain", "wide", "zlib"]


def secret_resources() -> list[dict]:
    telecom = [{"system": "phone", "value": PHONE}]
    identifier = [{"system": "urn:oid:2.16.156.10011.1.3", "value": NUMBER}]
    return [
        patient("p1", identifier=identifier, telecom=telecom, address=[{"text": f"电话{PHONE}"}]),
        {"resourceType": "Practitioner", "id": "d1", "telecom": telecom, "identifier": identifier},
        {"resourceType": "Organization", "id": "g1", "name": "县医院", "telecom": telecom},
        observation("o1", note=[{"text": f"家属电话 {PHONE}，身份证{NUMBER}"}]),
        observation("o2", valueString=f"+86{PHONE}", valueQuantity=None),
        {
            "resourceType": "RelatedPerson",
            "id": "r1",
            "patient": {"reference": "Patient/p1"},
            "telecom": [{"system": "phone", "value": "139 1234 5678"}],
        },
        {
            "resourceType": "Coverage",
            "id": "c1",
            "status": "active",
            "subscriberId": NUMBER,
            "beneficiary": {"reference": "Patient/p1"},
            "payor": [{"display": "医保"}],
        },
    ]


@pytest.mark.parametrize("cipher", ["AES-GCM", "SM4-GCM"])
def test_no_file_names_anybody(kit: Kit, cipher: str) -> None:
    outside = kit.folder.parent / f"{kit.folder.name}-source"
    outside.mkdir()
    kit.store.keys = Keys(bytes(range(32)), cipher=cipher)
    kit.application._grants = None
    source = outside / "all.ndjson"
    resources = [{k: v for k, v in r.items() if v is not None} for r in secret_resources()]
    source.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in resources), "utf-8")
    result = kit.load(source)
    assert result.is_complete, result.problems
    kit.token = kit.issue()
    assert kit("PUT", "/fhir/Patient/p1", {**resources[0], "gender": "female"}).status == 200
    assert kit("GET", f"/fhir/Patient?identifier={NUMBER}").json["entry"]
    assert kit("GET", f"/fhir/Patient?phone={PHONE}").json["entry"]
    assert NUMBER in kit("GET", "/fhir/Patient/p1").text
    assert PHONE in kit("GET", "/fhir/Observation/o1").text
    sealed = kit.rows("SELECT DISTINCT sealed FROM record_version")
    assert sealed == [(AES_GCM if cipher == "AES-GCM" else SM4_GCM,)]
    assert leaks(kit.folder, SECRETS) == []
    kit.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    assert leaks(kit.folder, SECRETS) == []


@pytest.mark.parametrize(
    ("text", "reveals"),
    [
        ('{"telecom":[]}', True),
        ('{"x":"13912345678"}', True),
        ('{"x":"电话13912345678。"}', True),
        ('{"x":"8613912345678"}', True),
        ('{"x":"34052419800101001X"}', True),
        ('{"x":"340524198001010010"}', True),
        ('{"x":"\\u0031391234567\\u0038"}', True),
        ('{"x":"电话：1.13912345678"}', True),
        ('{"x":"证件.340524198001010010"}', True),
        ('{"x":0.340524198001010010}', False),
        ('{"x":12.139123456781}', False),
        ('{"x":30.555399318130803}', False),
        ('{"x":"2026-11-24T08:00:00+08:00"}', False),
        ('{"id":"6f0a4a39-9d3a-4f6d-8c5b-2a106a1c9c3e"}', False),
        ('{"x":"\\u0001"}', False),
    ],
)
def test_what_is_sealed_by_its_look(text: str, reveals: bool) -> None:
    assert is_revealing(text.encode()) is reveals


def test_a_sealed_body_belongs_to_its_row(kit: Kit) -> None:
    from taihe.kernel.errors import Fault

    for cipher, number in (("AES-GCM", AES_GCM), ("SM4-GCM", SM4_GCM)):
        keys = Keys(bytes(range(32)), cipher=cipher)
        sealed = keys.seal(b"body", bound_to(1, 1))
        assert keys.unseal(number, sealed, bound_to(1, 1)) == b"body"
        for wrong in (bound_to(1, 2), bound_to(2, 1)):
            with pytest.raises(Fault):
                keys.unseal(number, sealed, wrong)
        with pytest.raises(Fault):
            keys.unseal(number, sealed[:-1] + bytes([sealed[-1] ^ 1]), bound_to(1, 1))


@pytest.mark.parametrize("id", [NUMBER, PHONE, "340524800101001"])
def test_an_id_that_names_a_person_is_refused_and_not_kept(kit: Kit, id: str) -> None:
    assert kit("PUT", f"/fhir/Patient/{id}", patient(id)).status == 400
    assert kit("PUT", "/fhir/Observation/o1", observation("o1", id)).status == 201
    assert leaks(kit.folder, (id,)) == []


@pytest.mark.slow
def test_a_county_that_was_loaded_names_nobody(tmp_path: Path) -> None:
    import csv

    county, data = tmp_path / "county", tmp_path / "data"

    def taihe(*arguments: str) -> None:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("TAIHE_")}
        kept.pop("DJANGO_SETTINGS_MODULE", None)
        ended = subprocess.run(
            [sys.executable, "-m", "taihe.cli.main", *arguments],
            env=kept,
            capture_output=True,
            text=True,
        )
        assert ended.returncode == 0, ended.stderr[-2000:]

    taihe(
        "county", "build", "--residents", "60", "--years", "1", "--seed", "3", "--out", str(county)
    )
    with gzip.open(county / "truth/people.csv.gz", "rt", encoding="utf-8") as file:
        people = list(csv.DictReader(file))
    secrets = {
        row[column]
        for row in people
        for column in ("id_number", "phone")
        if len(row.get(column) or "") >= 11
    }
    assert len(secrets) > 60
    assert leaks(county, secrets) != []
    taihe("load", str(county / "fhir"), str(county / "exchange"), "--data", str(data), "--json")
    taihe("token", "--data", str(data))
    assert leaks(data, secrets) == []
