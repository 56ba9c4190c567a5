"""Every person of the Synthea sample has a page: nothing in 30 937 resources stops it."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from datetime import date
from typing import Any

import pytest

from taihe.record import presenters
from taihe.record.domain.summary import name_in, record_of

ON = date(2019, 12, 31)
SHOWN = (
    "Patient",
    "Condition",
    "MedicationRequest",
    "Observation",
    "Encounter",
    "AllergyIntolerance",
    "Immunization",
    "Procedure",
)


@pytest.mark.shared
def test_every_synthea_person_has_a_page(shared) -> None:
    people: dict[str, list[dict[str, Any]]] = defaultdict(list)
    names: dict[str, str] = {}
    for kind in (*SHOWN, "Organization", "Practitioner"):
        path = shared / "data" / "synthea-100" / f"{kind}.ndjson.gz"
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                body = json.loads(line)
                if kind in ("Organization", "Practitioner"):
                    names[f"{kind}/{body['id']}"] = name_in(body)
                    continue
                about = body.get("subject") or body.get("patient") or {}
                patient = body["id"] if kind == "Patient" else about["reference"][8:]
                people[patient].append(body)
    assert len(people) == 100
    pages = [
        record_of(number, bodies, names, on=ON) for number, bodies in enumerate(people.values())
    ]
    for page in pages:
        assert page.demographics.name and page.demographics.birth_date
        presenters.who(page.demographics, ON)
        for series in page.results:
            shown = presenters.shown_series(series)
            assert "nan" not in shown.picture.svg and "style=" not in shown.picture.svg
            assert len(shown.picture.rows) == min(len(series.values), presenters.MOST_POINTS)
        assert len(presenters.visit_rows(page)) == len(page.visits)
    assert sum(len(page.visits) for page in pages) > 1000
    assert any(s.code == "85354-9" and s.last.second for page in pages for s in page.results)
