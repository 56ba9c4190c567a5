"""
Linkage beside a plain scorer: every pair of a small county, weights added up in Python.

The plain twin shares no code with the linkage: it compares all pairs without blocking, adds
hand-written bits, and joins what passes. And on the generated truth of several seeds the
linkage reaches its figures.
"""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
from pypinyin import lazy_pinyin

from taihe.county.build import build
from taihe.record.linkage import batch, tables

Row = dict[str, str]


def rows(path: Path) -> list[Row]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def plain_number(row: Row) -> str:
    """The number in 18 characters when its check digit is right, else nothing."""
    text = row["id_number"].upper()
    if len(text) == 15:
        text = text[:6] + "19" + text[6:]
        text += "10X98765432"[sum(2 ** (17 - i) % 11 * int(c) for i, c in enumerate(text)) % 11]
    if len(text) != 18:
        return ""
    total = sum(2 ** (17 - i) % 11 * int(c) for i, c in enumerate(text[:17]))
    return text if "10X98765432"[total % 11] == text[17] else ""


def plain_bits(one: Row, other: Row) -> float:
    """How much two rows look like one person: a sum of round numbers."""
    a, b = plain_number(one), plain_number(other)
    if a and b and a != b:
        return -99.0
    bits = -17.0 + (16.0 if a and a == b else 0.0)
    name, named = ("".join(row["name"].replace("·", "").split()) for row in (one, other))
    if name == named:
        bits += 10.0
    elif lazy_pinyin(name) == lazy_pinyin(named):
        bits += 8.0
    else:
        bits -= 8.0 if a and a == b else 40.0
    if one["birth_date"] == other["birth_date"]:
        bits += 14.0
    elif one["birth_date"][:7] == other["birth_date"][:7]:
        bits += 2.0
    else:
        bits -= 12.0
    if one["phone"] and one["phone"] == other["phone"]:
        bits += 10.0
    if one["address"].removeprefix("安徽省阜阳市") == other["address"].removeprefix("安徽省阜阳市"):
        bits += 10.0
    return bits


def pairs_of(person: dict[str, str]) -> set[frozenset[str]]:
    groups: dict[str, list[str]] = {}
    for id, found in person.items():
        groups.setdefault(found, []).append(id)
    return {frozenset(two) for ids in groups.values() for two in combinations(ids, 2)}


@pytest.mark.parametrize("seed", [3, 11])
def test_linkage_agrees_with_a_plain_scorer_on_every_pair(tmp_path: Path, seed: int) -> None:
    build(residents=300, seed=seed, only="people", out=tmp_path / "county")
    path = tmp_path / "county" / "truth" / "people.csv.gz"
    people = rows(path)
    plain = {
        frozenset((one["id"], other["id"]))
        for one, other in combinations(people, 2)
        if plain_bits(one, other) > 4
    }
    linked = batch.link(tables.read_people(path))
    ours = pairs_of(dict(zip(linked.ids, linked.person, strict=True)))
    assert len(plain) > 100
    # Joined over a third row, or one slip more than the plain sum forgives: a few at most.
    assert len(plain ^ ours) <= len(plain) * 0.03


@pytest.mark.parametrize(("residents", "seed"), [(1500, 5), (3400, 20190309)])
def test_linkage_reaches_its_figures_on_the_county(
    tmp_path: Path, residents: int, seed: int
) -> None:
    build(residents=residents, seed=seed, only="people", out=tmp_path / "county")
    truth_folder = tmp_path / "county" / "truth"
    linked = batch.link(tables.read_people(truth_folder / "people.csv.gz"))
    assert (linked.weights.rows > 0) == (residents == 3400)
    truth = {row["id"]: row["person"] for row in rows(truth_folder / "links.csv.gz")}
    assert linked.ids == list(truth)
    both = Counter(zip((truth[id] for id in linked.ids), linked.person, strict=True))
    right = sum(n * (n - 1) // 2 for n in both.values())
    found = sum(n * (n - 1) // 2 for n in Counter(linked.person).values())
    known = sum(n * (n - 1) // 2 for n in Counter(truth.values()).values())
    assert right / found >= 0.999
    assert right / known >= 0.95


def test_the_same_table_gives_the_same_answer(tmp_path: Path) -> None:
    build(residents=3400, seed=9, only="people", out=tmp_path / "county")
    path = tmp_path / "county" / "truth" / "people.csv.gz"
    first, second = (batch.link(tables.read_people(path)) for _ in range(2))
    assert first.person == second.person
    assert [f"{p:.4f}" for p in first.probability] == [f"{p:.4f}" for p in second.probability]
