"""Filters and pages are in the address; nonsense in an address does no harm."""

from __future__ import annotations

import pytest
from django.template import Context, Template
from django.test import RequestFactory

from taihe.ui.tables import Cell, Column, Filter, Table, respond

COLUMNS = [Column("name", "名称"), Column("fee", "金额（元）", "yuan", empty="未收费")]
ROWS = [{"name": f"项目{i}", "fee": i * 100 if i != 2 else None} for i in range(1, 61)]
STATES = [Filter("state", "状态", [("", "全部"), ("open", "待审")])]


def table(address: str = "/desk/", **more: object) -> Table:
    return Table(RequestFactory().get(address), COLUMNS, ROWS, filters=STATES, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("address", "first"),
    [("/d/", 1), ("/d/?page=2", 26), ("/d/?page=99", 51), ("/d/?page=-1", 1), ("/d/?page=二", 1)],
)
def test_the_page_number_in_the_address_decides(address: str, first: int) -> None:
    assert table(address).first == first


def test_links_keep_the_filters() -> None:
    shown = table("/desk/?state=open&page=2")
    assert shown.next_url == "/desk/?state=open&page=3"
    assert shown.previous_url == "/desk/?state=open"


def test_an_unknown_choice_is_the_default() -> None:
    assert table("/desk/?state=drop+table").value("state") == ""
    assert table("/desk/?state=open").value("state") == "open"


def test_an_empty_cell_says_why_and_values_are_escaped() -> None:
    rows = [{"name": Cell("<b>", url="/x/"), "fee": None}]
    shown = Table(RequestFactory().get("/"), COLUMNS, rows)
    html = Template("{% table t %}").render(Context({"t": shown}))
    assert "未收费" in html and "&lt;b&gt;" in html and 'data-label="名称"' in html


def test_rows_may_be_fetched_by_page() -> None:
    asked: list[tuple[int, int]] = []

    def fetch(offset: int, limit: int) -> list[dict[str, object]]:
        asked.append((offset, limit))
        return ROWS[offset : offset + limit]

    shown = Table(RequestFactory().get("/?page=3"), COLUMNS, fetch, total=60)
    assert [row["name"] for row in shown.page()][0] == "项目51" and asked == [(50, 25)]


def test_nothing_found_by_a_filter_offers_to_clear_it() -> None:
    shown = Table(RequestFactory().get("/d/?state=open"), COLUMNS, [], filters=STATES)
    html = Template("{% table t %}").render(Context({"t": shown}))
    assert "清除全部条件" in html


def test_htmx_gets_the_part_that_the_page_uses() -> None:
    request = RequestFactory().get("/d/", headers={"HX-Target": "table"})
    part = respond(request, Table(request, COLUMNS, ROWS), "no-such-template.html", {})
    assert part.content.lstrip().startswith(b'<div id="table">')
