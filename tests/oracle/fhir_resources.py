"""
Small resources of every type, filled from the element table; deterministic by seed.

They need not be clinically sensible: they are structurally valid and touch every path, so that
whatever walks paths is compared everywhere.
"""

from __future__ import annotations

import random
from decimal import Decimal

from taihe.fhir import definitions

SAMPLES = {
    "boolean": [True, False],
    "integer": [0, 3, -7],
    "positiveInt": [1, 12],
    "unsignedInt": [0, 9],
    "decimal": [1, 2.5, 0.004, 1e-7],
    "string": ["alpha", "Ünïcode", "太和县", "a b"],
    "markdown": ["*m*"],
    "code": ["c1", "c2"],
    "id": ["i-1", "i.2"],
    "uri": ["http://example.org/u", "urn:oid:1.2.3"],
    "url": ["http://example.org/l"],
    "canonical": ["http://example.org/c", "http://example.org/c|2"],
    "oid": ["urn:oid:1.2.3.4"],
    "uuid": ["urn:uuid:c757873d-ec9a-4326-a141-556f43239520"],
    "date": ["2020", "2021-02", "2022-03-04"],
    "dateTime": ["1999", "2001-12", "2003-04-05", "2010-10-10T10:10:10+08:00",
                 "2011-01-01T00:00:00.250Z"],
    "instant": ["2015-02-07T13:28:17.239+02:00", "2016-01-01T00:00:00Z"],
    "time": ["08:30:00"],
    "base64Binary": ["AAAA"],
    "xhtml": ['<div xmlns="http://www.w3.org/1999/xhtml">x</div>'],
}  # fmt: skip
ADDRESSES = ["Patient/p1", "Group/g1", "Practitioner/d-1", "Organization/o.1", "Device/x",
             "http://other.example/fhir/Patient/9", "Patient/p2/_history/3",
             "urn:uuid:c757873d-ec9a-4326-a141-556f43239521", "#c"]  # fmt: skip
CODES_OF_RELATED = ["composed-of", "depends-on", "derived-from", "predecessor", "successor"]


class Maker:
    def __init__(self, seed: int, full: float = 0.6) -> None:
        self.random = random.Random(seed)
        self.full = full

    def resource(self, kind: str) -> dict:
        made = {"resourceType": kind, **self.structure(kind, 0)}
        made.pop("contained", None)
        made["id"] = "r-1"
        return made

    def structure(self, place: str, depth: int) -> dict:
        made: dict = {}
        for element in definitions.children(place).values():
            wanted = element.minimum > 0 or self.random.random() < self.full / (1 + depth / 2)
            if not wanted or depth > 5 or element.name in ("extension", "modifierExtension"):
                if element.name != "extension" or depth > 1 or self.random.random() > 0.3:
                    continue
                made["extension"] = [{"url": "http://example.org/e", "valueString": "x"}]
                continue
            base = element.name.removesuffix("[x]")
            if element.content_reference:
                if depth > 3:
                    continue
                made[base] = [self.structure(element.content_reference, depth + 2)]
                continue
            type = self.random.choice(element.types)
            key = base + type[0].upper() + type[1:] if element.name.endswith("[x]") else base
            count = 1 if element.maximum == 1 else self.random.choice((1, 1, 2))
            values = []
            for _ in range(count):
                value = self.value(element, type, place, depth)
                if value not in (None, {}):
                    values.append(value)
            if values:
                made[key] = values[0] if element.maximum == 1 else values
        return made

    def value(self, element, type: str, place: str, depth: int):
        if type in SAMPLES:
            if type == "code" and element.required:
                systems = definitions.value_set(element.required)
                if systems:
                    return self.random.choice(sorted(c for s in systems.values() for c in s))
            if place == "RelatedArtifact" and element.name == "type":
                return self.random.choice(CODES_OF_RELATED)
            return self.random.choice(SAMPLES[type])
        if type == "Reference":
            made = {"reference": self.random.choice(ADDRESSES), "display": "d"}
            if element.targets and self.random.random() < 0.7:
                made["reference"] = f"{self.random.choice(element.targets)}/t1"
            if self.random.random() < 0.2:
                made["type"] = "Patient"
            return made
        if type in ("Resource", "Extension", "Narrative", "Meta") and depth:
            return None
        if type == "Resource":
            return {"resourceType": "Basic", "id": "inner", "code": {"text": "x"}}
        own = f"{place}.{element.name}"
        backbone = type in ("BackboneElement", "Element") and definitions.children(own)
        return self.structure(own if backbone else type, depth + 1)


ODD = {
    "integer": [0, -2147483648, 2147483647],
    "decimal": [Decimal("1.50"), Decimal("1E+2"), Decimal("-0.0"), Decimal("0.000000000001"), 1e300,
                1e-300, -3, 10**18, 5.4, Decimal("123456789012345678.5")],
    "string": ["ＡＢ１２", "e\u0301te\u0301", "İstanbul", "a\u00a0b", "买买提·吐尔逊", "张 伟", "x" * 300,
               "Straße", "a,b|c$d\\e", "\u0e01\u0e33", "𠮷野", "ﬁn"],
    "uri": ["urn:oid:1.2.3", "http://example.org/u/", "http://example.org//u", "ftp://x", "x"],
    "canonical": ["http://example.org/c|1.0#part", "http://example.org/c#part", "#local",
                  "http://example.org/c|2.1.3", "Questionnaire/q"],
    "date": ["0001", "9999", "9999-12", "9999-12-31", "2000-02-29", "1900-02"],
    "dateTime": ["2015-02-07T13:28:17-05:00", "2015-12-31T23:59:60Z", "2015-02-07T13:28:17+14:00",
                 "2015-02-07T13:28:17.123456789Z", "2015-02-07T00:00:00-00:00", "9999-12-31",
                 "2015-02-07T13:28:17.5+08:00", "0001-01-01T00:00:00+14:00", "2016-02"],
    "instant": ["2015-02-07T13:28:17.1Z", "2015-02-07T13:28:17.999999+05:30"],
    "code": ["a b", "Final"],
}  # fmt: skip
ODD_REFERENCES = [
    {"identifier": {"system": "urn:s", "value": "v1"}},
    {"identifier": {"value": "v2"}, "type": "Patient"},
    {"identifier": {"system": "urn:s"}},
    {"display": "nobody"},
    {"reference": "#c1"},
    {"reference": "#nowhere"},
    {"reference": "urn:uuid:c757873d-ec9a-4326-a141-556f43239521", "type": "Patient"},
    {"reference": "urn:oid:1.2.3"},
    {"reference": "https://other.example/a/b/Patient/9/_history/2"},
    {"reference": "Patient/p1/_history/2"},
    {"reference": "Patient?identifier=urn:s|v1"},
    {"reference": ""},
    {"type": "Organization"},
]


class OddMaker(Maker):
    """
    Shapes that few people think of.

    Partial dates and zones, periods open at one side, decimals in all forms, parts left out,
    nulls beside extensions of primitives, contained resources, references without address.
    """

    def resource(self, kind: str) -> dict:
        made = super().resource(kind)
        fields = definitions.children(kind)
        if "contained" in fields:
            made["contained"] = [
                {"resourceType": self.random.choice(("Patient", "Device", kind)), "id": "c1"}
            ]
        return self.with_nulls(made)

    def with_nulls(self, value):
        """Lists of primitives get a null whose extension stands beside them."""
        if isinstance(value, list):
            return [self.with_nulls(one) for one in value]
        if not isinstance(value, dict):
            return value
        found = {key: self.with_nulls(inner) for key, inner in value.items()}
        for key, inner in list(found.items()):
            extension = {"extension": [{"url": "http://example.org/e", "valueString": "n"}]}
            is_text = isinstance(inner, str) and key not in (
                "resourceType",
                "id",
                "reference",
                "url",
            )
            if is_text and self.random.random() < 0.05:
                found[f"_{key}"] = extension
                if self.random.random() < 0.3:
                    del found[key]
            is_list = isinstance(inner, list) and all(isinstance(one, str) for one in inner)
            if is_list and self.random.random() < 0.4:
                found[key] = [None, *inner]
                found[f"_{key}"] = [extension, *(None for _ in inner)]
        return found

    def value(self, element, type: str, place: str, depth: int):
        chance = self.random.random
        if type in ODD and chance() < 0.5 and not (type == "code" and element.required):
            return self.random.choice(ODD[type])
        if type == "Reference" and chance() < 0.4:
            return dict(self.random.choice(ODD_REFERENCES))
        made = super().value(element, type, place, depth)
        if isinstance(made, dict) and type in definitions.types() and chance() < 0.4:
            # Only one of its parts: a Period without start, a coding without code.
            keys = [key for key in made if key != "resourceType"]
            kept = set(self.random.sample(keys, min(len(keys), self.random.choice((1, 1, 2)))))
            made = {key: inner for key, inner in made.items() if key in kept}
        return made
