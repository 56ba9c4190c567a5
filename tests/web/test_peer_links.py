"""The zone's inventory links to pages that the health site has."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from django.urls import resolve

import taihe

KNOWLEDGE = Path(taihe.__file__).parent / "zone" / "knowledge"


@pytest.mark.parametrize("name", ["inventory.csv", "agreement.csv"])
def test_each_link_to_the_health_site_is_a_page_of_it(name: str) -> None:
    with (KNOWLEDGE / name).open(encoding="utf-8", newline="") as file:
        urls = [row["url"] for row in csv.DictReader(file) if row["url"].startswith("health:")]
    assert len(urls) == 8
    for url in urls:
        assert resolve(url.removeprefix("health:")).url_name
