"""The page of a published figure says how it is computed, from what, as of when, by which source."""

from __future__ import annotations

import pytest

from taihe.base import definitions

pytestmark = pytest.mark.django_db
CSV = """\
key,title,unit,formula,numerator,denominator,as_of_rule,source,clause,valid_from,valid_to
test.rate,规范管理率,%,管理人数÷登记人数×100%,一年内随访四次的人,登记在册的人,每年12月31日,公共卫生规范第三版,第5.2条,,2025-12-31
test.rate,规范管理率,%,管理人数÷登记人数×100%,一年内随访三次的人,登记在册的人,每年12月31日,公共卫生规范第四版,第5.2条,2026-01-01,
"""


@pytest.fixture(autouse=True)
def defined(monkeypatch, tmp_path):
    monkeypatch.setattr(definitions, "_definitions", {})
    path = tmp_path / "definitions.csv"
    path.write_text(CSV, "utf-8")
    definitions.register("test", path)


def test_the_page_shows_everything_behind_a_figure(client):
    page = client.get("/definitions/test.rate/").content.decode()
    for words in (
        "管理人数÷登记人数×100%",
        "一年内随访三次的人",
        "登记在册的人",
        "每年12月31日",
        "公共卫生规范第四版",
        "第5.2条",
    ):
        assert words in page
    assert "公共卫生规范第三版" in page, "earlier definitions are shown too"


def test_the_list_leads_to_each(client):
    page = client.get("/definitions/").content.decode()
    assert page.count('href="/definitions/test.rate/"') == 1


def test_an_unknown_figure_is_not_found(client):
    assert client.get("/definitions/none/").status_code == 404
