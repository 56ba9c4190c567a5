"""What the lake takes from a resource, and what it never takes."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from taihe.insight.domain.brief import Compared, brief
from taihe.insight.domain.facts import COLUMNS, facts
from tests.web.people import ICD, WANG, pressure

AT = datetime(2026, 11, 11, 2, 0, tzinfo=UTC)


def local(*parts: int) -> datetime:
    """A moment in China as the lake writes it: without zone."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)


def test_no_name_number_or_phone_reaches_the_lake() -> None:
    taken = [str(facts(one, AT)) for one in WANG]
    for secret in ("王", "秀英", "341222195503080024", "13900001234"):
        assert not any(secret in one for one in taken)
    assert not {"name", "telecom", "identifier"} & {c for c, _ in COLUMNS["Patient"]}


@pytest.mark.parametrize(
    ("resource", "row"),
    [
        (
            {"resourceType": "Patient", "birthDate": "1955-03-08", "gender": "female"},
            (date(1955, 3, 8), "female", False, None, None),
        ),
        (
            {"resourceType": "Patient", "birthDate": "1955", "deceasedDateTime": "2026-01-01"},
            (None, None, True, None, None),
        ),
        (
            {
                "resourceType": "Encounter",
                "status": "finished",
                "class": {"code": "AMB"},
                "period": {"start": "2026-11-09T23:30:00Z"},
                "serviceProvider": {"reference": "Organization/h1"},
            },
            ("AMB", date(2026, 11, 10), None, "h1", False, local(2026, 11, 11, 10)),
        ),
        ({"resourceType": "Encounter", "status": "entered-in-error"}, None),
        (
            {
                "resourceType": "Condition",
                "code": {"coding": [{"system": ICD, "code": "I10.x00"}]},
                "recordedDate": "2020-01-02",
            },
            ("I10.x00", date(2020, 1, 2), None),
        ),
        (
            {
                "resourceType": "Condition",
                "verificationStatus": {"coding": [{"code": "refuted"}]},
                "code": {"coding": [{"system": ICD, "code": "I10.x00"}]},
            },
            None,
        ),
        (
            pressure("o1", "2026-09-01", 148, 88),
            ("85354-9", local(2026, 9, 1, 8, 30), 148.0, 88.0, False, "e1"),
        ),
        (
            {
                "resourceType": "Observation",
                "code": {"coding": [{"system": "http://loinc.org", "code": "14771-0"}]},
                "valueQuantity": {"value": "6,1"},
                "effectiveDateTime": "not a day",
            },
            ("14771-0", None, None, None, False, None),
        ),
        ({"resourceType": "Device"}, None),
    ],
    ids=[
        "a patient",
        "a year is no birthday",
        "a day in China",
        "void",
        "a diagnosis",
        "refuted",
        "a pressure",
        "wrong types",
        "another type",
    ],
)
def test_the_row_of_a_resource(resource, row) -> None:
    assert facts(resource, AT) == row


# --- the brief -------------------------------------------------------------------------------

TODAY, BEFORE = date(2026, 11, 24), date(2026, 11, 17)


def _share(now: float | None, before: float | None, **options) -> Compared:
    given = {
        "key": "k",
        "title": "血压控制率",
        "unit": "%",
        "is_share": True,
        "better": "up",
        "target": None,
        "change_to_look": 0.02,
    }
    return Compared(now=now, before=before, **{**given, **options})


@pytest.mark.parametrize(
    ("compared", "tone", "text"),
    [
        (_share(60.0, 63.0), "bad", "血压控制率 60.0%，比上周降 3.0 个百分点：需要看一看。"),
        (_share(60.0, 61.0), "", "1 项指标与上周相比没有要看的变化。"),
        (_share(60.0, 60.01), "", "1 项指标与上周相比没有要看的变化。"),
        (_share(63.0, 60.0), "good", "血压控制率 63.0%，比上周升 3.0 个百分点。"),
        (
            _share(25.0, 25.0, title="抗菌药", better="down", target=20),
            "warn",
            "抗菌药 25.0%，与上周持平，目标 20%，没有达到。",
        ),
    ],
    ids=["worse", "a little worse", "the same", "better", "above its limit"],
)
def test_a_sentence_of_the_brief(compared, tone, text) -> None:
    (line,) = brief([compared], as_of=TODAY, before=BEFORE, last_day=TODAY)
    assert (line.tone, line.text) == (tone, text)


def test_a_hidden_figure_is_not_spoken_of() -> None:
    assert brief([_share(None, 60.0)], as_of=TODAY, before=BEFORE, last_day=TODAY) == []


def test_silence_of_the_sources_comes_first() -> None:
    lines = brief([_share(60, 60)], as_of=TODAY, before=BEFORE, last_day=date(2026, 10, 31))
    assert lines[0].text.startswith("最近一次就诊数据是 2026-10-31，距今 24 天：请检查送数")
    (none,) = brief([_share(60, 60)], as_of=TODAY, before=BEFORE, last_day=None)
    assert "没有就诊数据" in none.text
