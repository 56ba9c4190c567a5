"""
A world of small resources that refer to one another, and questions about it.

The world covers every search parameter that has an expression. Questions are made from what
the plain evaluator finds in some resource, so that most of them have answers.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from functools import cache

from taihe.fhir import definitions
from taihe.fhir.search import extract, parameter_by_number, parameters
from taihe.fhir.search.plain import Plain
from taihe.fhir.search.query import Condition
from tests.oracle.fhir_resources import Maker

CORE = ("Patient", "Observation", "Encounter", "Condition", "Organization", "Practitioner",
        "Location", "Group", "MedicationRequest", "DiagnosticReport")  # fmt: skip
AT_LEAST = 4
# Its published expression begins with DocumentReference, so no Patient has it.
IMPOSSIBLE = ("Patient.part-agree", "DocumentReference.relationship")


class WorldMaker(Maker):
    """References lead to resources of the world most of the time."""

    def value(self, element, type, place, depth):
        made = super().value(element, type, place, depth)
        if type == "Reference" and self.random.random() < 0.85:
            targets = [t for t in element.targets if t != "Resource"] or CORE
            made = {"reference": f"{self.random.choice(targets)}/r{self.random.randint(1, 4)}"}
            if self.random.random() < 0.15:
                made["identifier"] = {"system": "urn:s", "value": f"v{self.random.randint(1, 3)}"}
        if type == "Identifier" and made and self.random.random() < 0.7:
            made = {
                "type": {
                    "text": self.random.choice(("Medical record", "Licence Nº")),
                    "coding": [{"system": "urn:t", "code": self.random.choice("AB")}],
                },
                "system": self.random.choice(("urn:s", "urn:x")),
                "value": f"v{self.random.randint(1, 6)}",
            }
        if type == "HumanName" and made and self.random.random() < 0.5:
            name = self.random.choice(("张伟", "王芳", "李小明"))
            made = {"text": name, "family": name[0], "given": [name[1:]]}
        if type == "Quantity" and made and self.random.random() < 0.8:
            code, unit = self.random.choice((("mg", "mg"), ("mm[Hg]", "mmHg"), ("kg", "kg")))
            made = {
                "value": self.random.choice((1, 2.5, 5.4, 5.44, 100, 120.0, 0.004)),
                "system": self.random.choice(("http://unitsofmeasure.org", "urn:u")),
                "code": code,
                "unit": unit,
            }
        if type == "Quantity" and isinstance(made, dict):
            made.pop("id", None)
        return made


def _special() -> list[dict]:
    """Resources for parameters that random filling does not reach."""
    made = []
    for row in definitions.search_parameters():
        if ".extension(" in row.expression or "hasExtension" in row.expression:
            url = row.expression.split("xtension('")[1].split("'")[0]
            for base in row.bases:
                for value in (
                    {"valueString": "a"},
                    {"valueCodeableConcept": {"coding": [{"system": "urn:s", "code": "c"}]}},
                    {"valueReference": {"reference": "Condition/r1"}},
                ):
                    resource = {"resourceType": base, "extension": [{"url": url, **value}]}
                    if base == "QuestionnaireResponse":
                        resource["item"] = [
                            {
                                "linkId": "1",
                                "extension": [{"url": url, "valueBoolean": True}],
                                "answer": [{"valueReference": {"reference": "Patient/r1"}}],
                            }
                        ]
                    made.append(resource)
    for kind in ("Composition", "MessageHeader"):
        entry = {"resource": {"resourceType": kind, "id": "r1"}}
        made.append({"resourceType": "Bundle", "type": "document", "entry": [entry]})
    for place in ((30.5, 114.3), (33.16, 115.62), (33.2, 115.7), (-33.0, -70.0)):
        position = {"latitude": place[0], "longitude": place[1]}
        made.append({"resourceType": "Location", "position": position})
    made.append(
        {
            "resourceType": "Patient",
            "name": [{"family": "Müller", "given": ["Ann"]}],
            "birthDate": "1980-05",
            "managingOrganization": {"reference": "Organization/r1"},
            "telecom": [{"system": "email", "value": "a@example.org"}],
        }
    )
    coded = {"coding": [{"system": "urn:s", "code": "c"}], "text": "C"}
    made.append({"resourceType": "Observation", "code": coded, "valueCodeableConcept": coded})
    relation = {"code": "replaces", "target": {"reference": "DocumentReference/r1"}}
    made.append({"resourceType": "DocumentReference", "relatesTo": [relation]})
    return made


@cache
def wanted_parameters() -> frozenset[int]:
    """Every parameter that an expression defines."""
    return frozenset(
        p.number
        for kind in definitions.resource_types()
        for p in parameters(kind).values()
        if p.expression
    )


@cache
def world() -> tuple[dict, ...]:
    """The resources; the same ones each time."""
    kept: list[dict] = []
    counts: dict[str, int] = {}
    seen: set[int] = set()

    def keep(resource, least):
        rows = {row.param for row in extract(resource)}
        kind = resource["resourceType"]
        if counts.get(kind, 0) >= least and rows <= seen:
            return
        seen.update(rows)
        counts[kind] = counts.get(kind, 0) + 1
        kept.append({**resource, "id": f"r{counts[kind]}"})

    for number, kind in enumerate(sorted(definitions.resource_types())):
        own = {p.number for p in parameters(kind).values() if p.expression and p.type == kind}
        for seed in range(160):
            if seed >= 12 and own <= seen:
                break
            maker = WorldMaker(seed * 1000 + number, full=(0.95, 0.6, 0.4)[seed % 3])
            keep(maker.resource(kind), 12 if kind in CORE else AT_LEAST)
    for resource in _special():
        keep(resource, 1000)
    return tuple(kept)


def missing_parameters() -> list[str]:
    """The parameters that no resource of the world has; none are expected."""
    seen = {row.param for resource in world() for row in extract(resource)}
    found = [parameter_by_number(number) for number in wanted_parameters() - seen]
    return sorted({f"{p.type}.{p.code}" for p in found} - set(IMPOSSIBLE))


def escaped(text: str) -> str:
    for character in "\\,|$":
        text = text.replace(character, "\\" + character)
    return text


class Asker:
    """Makes questions: (type, pairs)."""

    def __init__(self, plain: Plain, seed: int) -> None:
        self.plain = plain
        self.random = random.Random(seed)
        self.keys = list(plain.resources)
        self.by_type: dict[str, list] = {}
        for key in self.keys:
            self.by_type.setdefault(key[0], []).append(key)
        self.types = sorted(self.by_type)

    def question(self) -> tuple[str, list[tuple[str, str]]]:
        chance = self.random.random
        kind = self.random.choice(CORE) if chance() < 0.45 else self.random.choice(self.types)
        pairs = []
        for _ in range(self.random.choice((1, 1, 1, 2, 2, 3))):
            pairs.append(self.pair(kind, 0))
        if chance() < 0.2:
            able = [
                p.code
                for p in parameters(kind).values()
                if p.expression and p.kind not in ("composite", "special")
            ]
            keys = self.random.sample(able, self.random.randint(1, 2))
            pairs.append(("_sort", ",".join(self.random.choice(("", "-")) + key for key in keys)))
        if chance() < 0.2:
            pairs += [self.include(kind) for _ in range(self.random.choice((1, 1, 2)))]
        return kind, pairs

    def include(self, kind: str) -> tuple[str, str]:
        chance = self.random.random
        references = [p for p in parameters(kind).values() if p.kind == "reference"]
        name = "_include" if chance() < 0.6 else "_revinclude"
        if chance() < 0.15:
            return name, "*"
        if name == "_include" and references:
            one = self.random.choice(references)
            text = f"{kind}:{self.random.choice((one.code, one.code, '*'))}"
            if one.targets and chance() < 0.3:
                text += f":{self.random.choice(one.targets)}"
            return self.random.choice(("_include", "_include:iterate")), text
        source, parameter = self.referring(kind)
        return self.random.choice(("_revinclude", "_revinclude:iterate")), (
            f"{source}:{parameter.code}"
        )

    def referring(self, kind: str):
        """A type and a parameter of it that may refer to this type."""
        while True:
            source = self.random.choice(CORE + tuple(self.random.sample(self.types, 6)))
            able = [
                p
                for p in parameters(source).values()
                if p.kind == "reference" and p.expression and (not p.targets or kind in p.targets)
            ]
            if able:
                return source, self.random.choice(able)

    def pair(self, kind: str, links: int) -> tuple[str, str]:
        chance = self.random.random()
        if links < 3 and chance < 0.13:
            found = self.chain(kind, links)
            if found:
                return found
        elif links < 3 and chance < 0.24:
            source, parameter = self.referring(kind)
            name, text = self.pair(source, links + 1)
            return f"_has:{source}:{parameter.code}:{name}", text
        return self.simple(kind)

    def chain(self, kind: str, links: int):
        references = [
            p for p in parameters(kind).values() if p.kind == "reference" and p.expression
        ]
        if not references:
            return None
        parameter = self.random.choice(references)
        targets = [t for t in parameter.targets if t in self.by_type] or list(CORE)
        target = self.random.choice(targets)
        name, text = self.pair(target, links + 1)
        typed = links > 0 or self.random.random() < 0.7 or not parameter.targets
        return f"{parameter.code}{':' + target if typed else ''}.{name}", text

    def simple(self, kind: str) -> tuple[str, str]:
        key = self.random.choice(self.by_type[kind])
        able = [p for p in parameters(kind).values() if p.expression]
        self.random.shuffle(able)
        for parameter in able:
            ways = self.plain.ways(key, Condition(parameter, "", ()))
            if ways or self.random.random() < 0.02:
                break
        if parameter.kind != "composite" and (not ways or self.random.random() < 0.06):
            return f"{parameter.code}:missing", self.random.choice(("true", "false"))
        if not ways:
            return "_id", key[1]
        make = getattr(self, parameter.kind)
        modifier, text = make(parameter, self.random.choice(ways), key)
        if modifier in ("in", "not-in"):
            return f"{parameter.code}:{modifier}", text
        while self.random.random() < 0.2:
            text += "," + make(parameter, self.random.choice(ways), key, modifier)[1]
        return f"{parameter.code}{':' + modifier if modifier else ''}", text

    def prefix(self) -> str:
        return self.random.choice(("", "", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"))

    def token(self, parameter, way, key, modifier=None):
        chance = self.random.random()
        if modifier is None:
            modifier = self.random.choice(("", "", "", "", "not", "text", "of-type", "in"))
        if modifier in ("text", "of-type"):
            ways = self.plain.ways(key, Condition(parameter, modifier, ()))
            if ways:
                way = self.random.choice(ways)
                if modifier == "text":
                    return modifier, escaped(way.code[: self.random.randint(1, 9)])
                value = way.parts[0].code
                return modifier, "|".join(map(escaped, (way.system, way.code, value)))
            if modifier == "text":
                return modifier, "nothing"
            return modifier, "urn:t|A|v1"
        if modifier == "in":
            sets = [u for u in definitions.value_sets() if definitions.value_set(u)]
            return self.random.choice(("in", "not-in")), self.random.choice(sets)
        code, system = escaped(way.code), escaped(way.system)
        if chance < 0.4 and code:
            return modifier, code
        if chance < 0.5 and system:
            return modifier, f"{system}|"
        if chance < 0.6:
            return modifier, f"|{code or 'c1'}"
        return modifier, f"{system}|{code}" if system or code else "c1"

    def string(self, parameter, way, key, modifier=None):
        if modifier is None:
            modifier = self.random.choice(("", "", "exact", "contains"))
        text = way.code
        if modifier == "contains":
            start = self.random.randrange(len(text))
            text = text[start : start + self.random.randint(1, 6)]
        elif modifier == "":
            text = text[: self.random.randint(1, len(text))]
            text = self.random.choice((text, text.upper(), text.lower()))
        return modifier, escaped(text) if text.strip() and text.strip("\u0308") else "a"

    def date(self, parameter, way, key, modifier=None):
        ends = [end for end in (way.low, way.high) if abs(end) < 2**60]
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=self.random.choice(ends))
        moment += timedelta(days=self.random.choice((0, 0, 0, 1, -1, 40)))
        form = self.random.choice(
            ("%Y", "%Y-%m", "%Y-%m-%d", "%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M:%SZ",
             "%Y-%m-%dT%H:%M:%S+08:00", "%Y-%m-%dT%H:%M:%S.%fZ")
        )  # fmt: skip
        return "", self.prefix() + moment.strftime(form)

    def number(self, parameter, way, key, modifier=None):
        ends = [end for end in (way.low, way.high) if abs(end) != float("inf")]
        number = self.random.choice(ends) + self.random.choice((0, 0, 0, 0, 1, -0.5))
        form = self.random.choice(
            (repr, lambda n: f"{n:.1f}", lambda n: f"{n:.0f}", "{:.2f}".format)
        )
        return "", self.prefix() + form(number)

    def quantity(self, parameter, way, key, modifier=None):
        _, text = self.number(parameter, way, key)
        code, system = escaped(way.code), escaped(way.system)
        if code and self.random.random() < 0.7:
            text += f"|{self.random.choice((system, system, ''))}|{code}"
        return "", text

    def reference(self, parameter, way, key, modifier=None):
        if modifier is None:
            modifier = self.random.choice(("", "", "", "type", "identifier"))
            if modifier == "type":
                modifier = way.system if way.system in parameter.targets else ""
            if modifier == "identifier" and not self.plain.ways(
                key, Condition(parameter, "identifier", ())
            ):
                modifier = ""
        if modifier == "identifier":
            return modifier, self.random.choice(("urn:s|v1", "v2", "urn:s|v3", "urn:x|v1"))
        if "/" in way.code or ":" in way.code:
            text = way.code.partition("|")[0] if self.random.random() < 0.5 else way.code
            return ("", escaped(text)) if not modifier else (modifier, "r1")
        if modifier:
            return modifier, way.code if way.system == modifier else "r1"
        typed = way.system and self.random.random() < 0.6
        return "", f"{way.system}/{way.code}" if typed else way.code

    def uri(self, parameter, way, key, modifier=None):
        if modifier is None:
            modifier = self.random.choice(("", "", "below", "above"))
        text = way.code
        if modifier == "below":
            text = self.random.choice((text, text.rpartition("/")[0] or text))
        if modifier == "above":
            text += self.random.choice(("", "/more", "more"))
        return modifier, escaped(text)

    def composite(self, parameter, way, key, modifier=None):
        known = parameters(key[0])
        texts = []
        for part, (code, _) in zip(way.parts, parameter.components, strict=True):
            texts.append(getattr(self, known[code].kind)(known[code], part, key, "")[1])
        return "", "$".join(texts)

    def special(self, parameter, way, key, modifier=None):
        far = self.random.choice(("", "|10|km", "|5000|m", "|300|[mi_us]", "|9000"))
        north = way.low + self.random.choice((0, 0.01, 1))
        return "", f"{north:.4f}|{way.high:.4f}{far}"
