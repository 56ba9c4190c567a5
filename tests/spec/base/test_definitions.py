"""A published figure has a row; its newest and its earlier forms are found by day."""

from __future__ import annotations

from datetime import date

import pytest

from taihe.base import definitions
from taihe.kernel.errors import Incorrect, NotFound

HEADER = (
    "key,title,unit,formula,numerator,denominator,as_of_rule,source,clause,valid_from,valid_to\n"
)
ROWS = """\
test.rate,规范管理率,%,管理人数÷登记人数,一年内随访四次的人,登记在册的人,年末,规范第三版,5.2,,2025-12-31
test.rate,规范管理率,%,管理人数÷登记人数,一年内随访三次的人,登记在册的人,年末,规范第四版,5.2,2026-01-01,
test.sum,金额,元,合计,全部账单,,当日,内部,,,
"""


@pytest.fixture(autouse=True)
def only_ours(monkeypatch):
    monkeypatch.setattr(definitions, "_definitions", {})


def register(tmp_path, rows: str, context: str = "test") -> None:
    path = tmp_path / f"{context}.csv"
    path.write_text(HEADER + rows, "utf-8")
    definitions.register(context, path)


def test_a_definition_is_found_for_the_day_of_the_figure(tmp_path):
    register(tmp_path, ROWS)
    assert definitions.get("test.rate").source == "规范第四版"
    assert definitions.get("test.rate", on=date(2025, 6, 1)).source == "规范第三版"
    assert [row.source for row in definitions.versions("test.rate")] == ["规范第四版", "规范第三版"]
    assert [row.key for row in definitions.every()] == ["test.rate", "test.sum"]
    assert definitions.get("test.sum").denominator == ""


def test_an_unknown_key_is_not_found(tmp_path):
    register(tmp_path, ROWS)
    for key in ("test.none", ""):
        with pytest.raises(NotFound):
            definitions.get(key)


def test_a_bad_row_is_refused_with_file_line_and_column(tmp_path):
    with pytest.raises(Incorrect, match=r"test/test.csv:3:source"):
        register(tmp_path, "a,甲,,f,,,r,s,,,\nb,乙,,f,,,r,,,,\n")


def test_registering_again_replaces_and_another_context_may_not(tmp_path):
    register(tmp_path, ROWS)
    register(tmp_path, ROWS)
    assert len(definitions.versions("test.rate")) == 2
    with pytest.raises(Incorrect, match="defined by test"):
        register(tmp_path, ROWS, "other")
