"""Search answers against a plain walk over the resources, on random questions."""

from __future__ import annotations

import gzip
import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.oracle import record_search_plain as plain
from tests.record_kit import Kit, make_kit

Json = dict[str, Any]
Question = tuple[str, str, str]


@pytest.fixture
def kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kit]:
    with make_kit(tmp_path, monkeypatch) as made:
        yield made


SUBJECTS = {"Observation": "subject", "Condition": "subject", "Encounter": "subject"}
DATES = {"Observation": "effective", "Encounter": "period", "Condition": "onset"}
DATE_PARAMETERS = {"Observation": "date", "Encounter": "date", "Condition": "onset-date"}


def matches(resource: Json, name: str, value: str) -> bool:
    code, _, modifier = name.partition(":")
    kind = resource["resourceType"]
    if code == "_id":
        return resource["id"] in value.split(",")
    if code in ("patient", "subject"):
        return plain.reference([resource["subject"]["reference"]], value, "Patient")
    if code == "encounter":
        return plain.reference(
            [r["reference"] for r in [resource.get("encounter")] if r], value, "Encounter"
        )
    if code == "code":
        return plain.token(plain.codes(resource.get("code")), value)
    if code == "gender":
        found = plain.token({("", resource.get("gender", ""))}, value)
        return not found if modifier == "not" else found
    if code == "birthdate":
        return plain.date(plain.spans(resource, "birthDate"), value)
    if code == "name":
        return plain.text(plain.names(resource), value, modifier)
    if code == "identifier":
        found = {(i.get("system", ""), i.get("value", "")) for i in resource.get("identifier", ())}
        return plain.token(found, value)
    assert code == DATE_PARAMETERS[kind]
    return plain.date(plain.spans(resource, DATES[kind]), value)


def questions(
    resources: list[Json], chance: random.Random
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    by_type: dict[str, list[Json]] = {}
    for resource in resources:
        by_type.setdefault(resource["resourceType"], []).append(resource)

    def a_date(resource: Json, element: str) -> str:
        found = resource.get(f"{element}DateTime") or resource.get(element)
        if isinstance(found, dict):
            found = found.get("start") or found.get("end")
        found = str(found or resource.get(f"{element}Period", {}).get("start") or "2010-01-01")
        cut = chance.choice((4, 7, 10, len(found)))
        return chance.choice(("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb")) + found[:cut]

    def about_clinical(kind: str) -> list[tuple[str, str]]:
        some, other = chance.choice(by_type[kind]), chance.choice(by_type[kind])
        coding = some["code"]["coding"][0] if "code" in some else None
        pairs: list[Callable[[], tuple[str, str]]] = [
            lambda: ("patient", some["subject"]["reference"].partition("/")[2]),
            lambda: ("subject", some["subject"]["reference"]),
            lambda: (DATE_PARAMETERS[kind], a_date(other, DATES[kind])),
            lambda: ("_id", f"{some['id']},{other['id']}"),
        ]
        if coding:
            pairs += [
                lambda: ("code", f"{coding['system']}|{coding['code']}"),
                lambda: ("code", coding["code"]),
                lambda: ("code", f"{coding['code']},{other['code']['coding'][0]['code']}"),
            ]
        if "encounter" in some:
            pairs.append(lambda: ("encounter", some["encounter"]["reference"]))
        return [make() for make in chance.sample(pairs, chance.randint(1, 3))]

    def about_patients() -> list[tuple[str, str]]:
        some = chance.choice(by_type["Patient"])
        name = chance.choice([n for n in plain.names(some) if " " not in n])
        identifier = chance.choice(some["identifier"])
        pairs: list[Callable[[], tuple[str, str]]] = [
            lambda: ("gender", chance.choice(("male", "female"))),
            lambda: ("gender:not", "male"),
            lambda: ("birthdate", a_date(some, "birthDate")),
            lambda: ("name", name[: chance.randint(1, len(name))]),
            lambda: ("name:exact", name),
            lambda: ("name:contains", name[1:3] or name),
            lambda: ("identifier", f"{identifier.get('system', '')}|{identifier['value']}"),
            lambda: ("identifier", identifier["value"]),
        ]
        return [make() for make in chance.sample(pairs, chance.randint(1, 2))]

    while True:
        kind = chance.choice(("Patient", "Observation", "Observation", "Encounter", "Condition"))
        yield kind, about_patients() if kind == "Patient" else about_clinical(kind)


@pytest.mark.shared
def test_answers_are_those_of_a_plain_walk(kit: Kit, shared: Path) -> None:
    chance = random.Random(20190531)
    resources: list[Json] = []
    lines: list[bytes] = []
    patients: set[str] = set()
    for kind, most in (
        ("Patient", 100),
        ("Encounter", 400),
        ("Condition", 400),
        ("Observation", 1500),
    ):
        with gzip.open(shared / f"data/synthea-100/{kind}.ndjson.gz") as file:
            found = [line for line in file if line.strip()]
        chance.shuffle(found)
        for line in found[:most]:
            resource = json.loads(line)
            patients.add(resource["id"])
            resources.append(resource)
            lines.append(line)
    source = kit.folder / "some.ndjson"
    source.write_bytes(b"".join(lines))
    assert kit.load(source).is_complete
    count = 20_000 if os.environ.get("TAIHE_NIGHTLY") else 600
    asked = questions(resources, chance)
    hits = 0
    for _ in range(count):
        kind, pairs = next(asked)
        expected = {
            r["id"]
            for r in resources
            if r["resourceType"] == kind and all(matches(r, n, v) for n, v in pairs)
        }
        answered = ask(kit, kind, [*pairs, ("_count", "1000")])
        assert answered == expected, (kind, pairs)
        hits += bool(expected)
    assert hits > count / 3


def ask(kit: Kit, kind: str, pairs: list[tuple[str, str]]) -> set[str]:
    reply = kit("GET", f"/fhir/{kind}", query=pairs)
    found: list[str] = []
    while True:
        assert reply.status == 200, reply.text
        found += [entry["resource"]["id"] for entry in reply.json.get("entry", ())]
        following = [link["url"] for link in reply.json["link"] if link["relation"] == "next"]
        if not following:
            break
        reply = kit("GET", following[0].removeprefix("http://test"))
    assert len(found) == len(set(found))
    return set(found)
