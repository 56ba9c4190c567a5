"""The ten indicators counted in plain Python from the county's own files, without the lake."""

from __future__ import annotations

import csv
import gzip
import json
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

Table = dict[tuple[str, str], tuple[int, int]]
PRIMARY = ("township_hospital", "village_clinic", "clinic")


def _ndjson(folder: Path, kind: str) -> list[dict[str, Any]]:
    with gzip.open(folder / "fhir" / f"{kind}.ndjson.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _csv(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _age(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _ref(value: dict[str, Any] | None) -> str:
    return value["reference"].split("/")[1] if value else "?"


class Plain:
    """One county, read whole."""

    def __init__(self, folder: Path, as_of: date) -> None:
        self.as_of, self.since = as_of, as_of - timedelta(days=365)
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        kinds = {one["code"]: one for one in manifest["institutions"]}
        self.tier, self.code = {}, {}
        for one in _ndjson(folder, "Organization"):
            code = one["identifier"][0]["value"]
            kind = kinds[code]
            self.code[one["id"]] = code
            self.tier[one["id"]] = (
                "primary"
                if kind["kind"] in PRIMARY
                else "pharmacy"
                if kind["kind"] == "pharmacy"
                else f"tier-{kind['level']}"
            )
        self.home, self.born = {}, {}
        for one in _ndjson(folder, "Patient"):
            if "generalPractitioner" not in one:
                continue  # a desk registered somebody a second time
            self.home[one["id"]] = (
                _ref(one["managingOrganization"]),
                _ref(one["generalPractitioner"][0]),
            )
            self.born[one["id"]] = date.fromisoformat(one["birthDate"])
        self.ills: dict[str, set[str]] = defaultdict(set)
        for one in _ndjson(folder, "Condition"):
            if date.fromisoformat(one["onsetDateTime"]) <= as_of:
                self.ills[_ref(one["subject"])].add(one["code"]["coding"][0]["code"][:3])
        self.visits = _ndjson(folder, "Encounter")
        self.pressures = [
            one
            for one in _ndjson(folder, "Observation")
            if one["code"]["coding"][0]["code"] == "85354-9" and "note" not in one
        ]
        self.medicines = _ndjson(folder, "MedicationRequest")
        self.mdtrt = _csv(folder / "exchange" / "mdtrt.csv.gz")
        self.fee = _csv(folder / "exchange" / "fee.csv.gz")

    def adults(self) -> list[str]:
        return [p for p, born in self.born.items() if _age(born, self.as_of) >= 35]

    def has_pressure(self, person: str) -> bool:
        return bool(self.ills[person] & {"I10", "I11", "I12", "I13"})

    def days(self, visit: dict[str, Any]) -> tuple[date, date]:
        period = visit["period"]
        return date.fromisoformat(period["start"][:10]), date.fromisoformat(period["end"][:10])

    def recent(self, *classes: str) -> list[dict[str, Any]]:
        return [
            one
            for one in self.visits
            if one["class"]["code"] in classes and self.since < self.days(one)[0] <= self.as_of
        ]

    def every(self) -> dict[str, Table]:
        return {
            "insight-hypertension-known": self._home(
                (p, self.has_pressure(p), 1) for p in self.adults()
            ),
            "insight-diabetes-known": self._home(
                (p, "E11" in self.ills[p], 1) for p in self.adults()
            ),
            "insight-hypertension-control": self._control(),
            "insight-visits-per-resident": self._per_resident(),
            "insight-primary-share": self._home(
                (_ref(v["subject"]), self.tier[_ref(v["serviceProvider"])] == "primary", 1)
                for v in self.recent("AMB", "VR")
            ),
            "insight-county-stay-share": self._home(
                (_ref(v["subject"]), self.code[_ref(v["serviceProvider"])][1:7] == "341222", 1)
                for v in self.recent("IMP")
            ),
            "insight-readmission-31": self._readmission(),
            "insight-mean-stay": self._stay(),
            "insight-outpatient-cost": self._cost(),
            "insight-antibiotic-share": self._antibiotics(),
        }

    def _home(self, rows) -> Table:
        return _table((self.home[person], int(yes), n) for person, yes, n in rows)

    def _care(self, rows) -> Table:
        return _table(((self.tier[org], org), int(yes), n) for org, yes, n in rows)

    def _control(self) -> Table:
        last: dict[str, tuple[str, float, float]] = {}
        for one in sorted(self.pressures, key=lambda o: (o["effectiveDateTime"], o["id"])):
            day = date.fromisoformat(one["effectiveDateTime"][:10])
            if day.year == self.as_of.year and day <= self.as_of:
                high, low = (c["valueQuantity"]["value"] for c in one["component"])
                last[_ref(one["subject"])] = (one["id"], high, low)

        def controlled(person: str) -> bool:
            if person not in last:
                return False
            limit = 150 if _age(self.born[person], self.as_of) >= 65 else 140
            return last[person][1] < limit and last[person][2] < 90

        return self._home((p, controlled(p), 1) for p in self.adults() if self.has_pressure(p))

    def _per_resident(self) -> Table:
        counts: dict[str, int] = defaultdict(int)
        for one in self.recent("AMB", "VR", "IMP"):
            counts[_ref(one["subject"])] += 1
        return self._home((p, counts[p], 1) for p in self.home)

    def _readmission(self) -> Table:
        stays = [one for one in self.visits if one["class"]["code"] == "IMP"]
        begins: dict[str, list[date]] = defaultdict(list)
        for one in stays:
            begins[_ref(one["subject"])].append(self.days(one)[0])
        month = timedelta(days=31)
        return self._care(
            (
                _ref(one["serviceProvider"]),
                any(end < b <= end + month for b in begins[_ref(one["subject"])]),
                1,
            )
            for one in stays
            for end in [self.days(one)[1]]
            if self.since - month < end <= self.as_of - month
        )

    def _stay(self) -> Table:
        return self._care(
            (_ref(one["serviceProvider"]), max((end - begin).days, 1), 1)
            for one in self.visits
            for begin, end in [self.days(one)]
            if one["class"]["code"] == "IMP" and self.since < end <= self.as_of
        )

    def _cost(self) -> Table:
        fen: dict[str, int] = defaultdict(int)
        for row in self.fee:
            fen[row["mdtrt_id"]] += int(Decimal(row["det_item_fee_sumamt"]) * 100)
        org = {code: org for org, code in self.code.items()}
        return self._care(
            (org[row["fixmedins_code"]], fen[row["mdtrt_id"]], 1)
            for row in self.mdtrt
            if row["med_mdtrt_type"] != "2"
            and row["mdtrt_id"] in fen
            and self.since < date.fromisoformat(row["begndate"]) <= self.as_of
        )

    def _antibiotics(self) -> Table:
        codes: dict[str, list[str]] = defaultdict(list)
        for one in self.medicines:
            coding = one["medicationCodeableConcept"].get("coding")
            if coding:
                codes[_ref(one["encounter"])].append(coding[0]["code"])
        return self._care(
            (
                _ref(one["serviceProvider"]),
                any(code.startswith("XJ01") for code in codes[one["id"]]),
                1,
            )
            for one in self.recent("AMB", "VR")
            if one["id"] in codes
        )


def _table(rows) -> Table:
    found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for key, numerator, denominator in rows:
        found[key][0] += numerator
        found[key][1] += denominator
    return {key: (a, b) for key, (a, b) in found.items()}
