"""The insight desk and the door for other systems: aggregates only, by role and by token."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from taihe.base import public as base
from taihe.base.models import TrailRow
from taihe.insight import indicators, models
from taihe.insight import public as insight
from taihe.insight.following import the_lake
from taihe.record import public as record
from tests.web.people import WANG, store_person

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "access"])
KEY = "insight-hypertension-known"


@pytest.fixture
def village(transactional_db):
    """Fifty people of a township: twenty of clinic a with hypertension, and three of clinic b."""
    the_lake().drop()
    indicators.forget()
    for clinic, people, ill in (("a", 35, 20), ("b", 15, 3)):
        for n in range(people):
            id = f"{clinic}{n}"
            subject = {"reference": f"Patient/{id}"}
            patient = {
                **WANG[1],
                "id": id,
                "birthDate": f"195{n % 10}-03-08",
                "managingOrganization": {"reference": "Organization/centre"},
                "generalPractitioner": [{"reference": f"Organization/{clinic}"}],
            }
            del patient["identifier"]
            yesterday = (timezone.localdate() - timedelta(days=1)).isoformat()
            visit = {
                **WANG[2],
                "id": f"e{id}",
                "subject": subject,
                "period": {"start": yesterday, "end": yesterday},
            }
            bodies = [patient, visit]
            if n < ill:
                bodies.append({**WANG[3], "id": f"c{id}", "subject": subject})
            store_person(bodies)
    insight.catch_up()
    yield
    the_lake().drop()
    indicators.forget()


def test_the_desk_shows_brief_figures_and_weeks(signed_in, village) -> None:
    page = signed_in("analyst").get("/desk/insight/").content.decode()
    assert page.count('class="card figure"') == 10
    assert "46.0%" in page, "23 of 50"
    assert "最近一次就诊数据" in page
    assert "每周就诊人次" in page
    for secret in ("王秀英", "13900001234", "/desk/record/"):
        assert secret not in page


def test_a_small_cell_is_not_on_the_page_nor_one_that_tells_it(signed_in, village) -> None:
    browser = signed_in("administrator")
    page = browser.get(f"/desk/insight/{KEY}/?in=centre").content.decode()
    table = page[page.index("<table") :]
    assert "少于 11" in page and "为保护他格" in page
    assert ">20<" not in table and ">35<" not in table, "23 - 20 = 3 would be told"
    assert browser.get(f"/desk/insight/{KEY}/?in=nowhere").status_code == 200
    assert browser.get("/desk/insight/no-such/").status_code == 404


def test_other_roles_find_nothing(signed_in) -> None:
    clinician = signed_in("clinician")
    for path in ("", "quality/", f"{KEY}/"):
        assert clinician.get(f"/desk/insight/{path}").status_code == 404
    assert signed_in("administrator").post(f"/desk/insight/{KEY}/publish/").status_code == 404


def test_quality_names_sources_and_says_what_is_small(signed_in, village) -> None:
    page = signed_in("analyst").get("/desk/insight/quality/").content.decode()
    assert "100.0%" in page and "到达延迟" in page


def test_an_empty_lake_has_pages_too(signed_in, transactional_db) -> None:
    the_lake().drop()
    indicators.forget()
    browser = signed_in("analyst")
    for path in ("", "quality/", f"{KEY}/"):
        assert browser.get(f"/desk/insight/{path}").status_code == 200
    assert "数据湖里还没有就诊数据" in browser.get("/desk/insight/").content.decode()
    refused = browser.post(f"/desk/insight/{KEY}/publish/")
    assert refused.status_code in (302, 409)


def test_only_what_was_published_leaves_by_token_and_is_logged(signed_in, client, village) -> None:
    party = base.create_system_party("zone site")
    token = record.issue_token("system/MeasureReport.r", 10, party, "zone")
    bearer = {"Authorization": f"Bearer {token}"}
    address = f"/api/v1/aggregates?indicator={KEY}"
    assert client.get(address).status_code == 401
    assert client.get(address, headers={"Authorization": "Bearer nonsense"}).status_code == 401
    other = record.issue_token("system/Patient.r", 10, party, "zone")
    assert client.get(address, headers={"Authorization": f"Bearer {other}"}).status_code == 403
    assert client.get("/api/v1/aggregates?indicator=x", headers=bearer).status_code == 404
    assert client.get(address, headers=bearer).json()["aggregates"] == [], "nothing was released"

    analyst = signed_in("analyst")
    assert analyst.post(f"/desk/insight/{KEY}/publish/").status_code == 302
    again = analyst.post(f"/desk/insight/{KEY}/publish/")
    assert (again.status_code, models.Publication.objects.count()) == (409, 1)
    (released,) = client.get(address, headers=bearer).json()["aggregates"]
    cells = {one["key"]: one for one in released["cells"]}
    assert (cells["county"]["numerator"], cells["county"]["denominator"]) == (23, 50)
    assert cells["county"]["value"] == 46
    hidden = {key: one["reason"] for key, one in cells.items() if one["numerator"] is None}
    assert hidden == {"centre/a": "complement", "centre/b": "small"}
    assert released["minimum_cell"] == 11
    assert TrailRow.objects.filter(action="insight.aggregates.read").count() == 2


def test_the_door_is_described(client, db) -> None:
    described = client.get("/api/v1/openapi.json").json()
    assert "/api/v1/aggregates" in described["paths"]
    assert json.dumps(described)
