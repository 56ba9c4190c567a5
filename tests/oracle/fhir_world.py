"""
A world of small resources that refer to one another, and questions about it.

The world covers every search parameter that has an expression. Questions are made from what
the plain evaluator finds in some resource, so that most of them have answers.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import cache

from taihe.fhir import definitions
from taihe.fhir.search import Terms, extract, normalise, parameters
from taihe.fhir.search.parameters import hierarchy
from taihe.fhir.search.plain import Plain
from taihe.fhir.search.query import Condition
from tests.oracle.fhir_resources import Maker, OddMaker

CORE = ("Patient", "Observation", "Encounter", "Condition", "Organization", "Practitioner",
        "Location", "Group", "MedicationRequest", "DiagnosticReport")  # fmt: skip
# Types with parameters of numbers, which few have.
OF_NUMBERS = ("RiskAssessment", "MolecularSequence", "Encounter", "ChargeItem", "Invoice")
AT_LEAST = 4
EPOCH = date(1970, 1, 1).toordinal()
PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
# Pairs that no resource can have, with the reason.
IMPOSSIBLE = {
    "Patient.part-agree": "its published expression begins with DocumentReference",
    "Patient.age": "R4 defines it in words only",
    "Patient.birthOrderBoolean": "R4 defines it in words only",
    "Resource._query": "a named query, not a value",
    "Resource._filter": "an expression over parameters, not a value",
}
# Answered from words, not from index rows.
OF_WORDS = ("DomainResource._text", "Resource._content")
NARRATIVES = (
    "<p>高血压<b>二</b>级，糖尿病</p>",
    "<table><tr><td>血压</td><td>130</td></tr></table>",
    "Hypertension &amp; <i>dia</i>betes<br/>stage II",
    "既往有高血糖。 No complaints",
    "ＡＢ１２ Ünïcode 张 伟",
)

CODE_SYSTEM = {
    "resourceType": "CodeSystem",
    "id": "cs1",
    "url": "http://example.org/u",
    "content": "complete",
    "concept": [
        {"code": "c1", "concept": [{"code": "c2"}, {"code": "Final"}]},
        {"code": "a b", "property": [{"code": "parent", "valueCode": "c2"}]},
    ],
}
OTHER_SYSTEM = {
    "resourceType": "CodeSystem",
    "url": "urn:oid:1.2.3",
    "content": "complete",
    "concept": [
        {"code": "c2"},
        {"code": "c1", "property": [{"code": "subsumedBy", "valueCode": "c2"}]},
    ],
}
VALUE_SETS = (
    {"system": "http://example.org/u", "filter": [{"property": "concept", "op": "is-a",
                                                   "value": "c2"}]},
    {"system": "http://example.org/u"},
    {"system": "urn:oid:1.2.3", "concept": [{"code": "c1"}]},
)  # fmt: skip


@cache
def terms() -> Terms:
    """The code systems and value sets that questions may use, beside those that ship."""
    found = Terms((CODE_SYSTEM, OTHER_SYSTEM))
    for number, part in enumerate(VALUE_SETS):
        url = f"http://example.org/vs/{number}"
        found.add({"resourceType": "ValueSet", "url": url, "compose": {"include": [part]}})
    return found


class WorldMaker(Maker):
    """References lead to resources of the world most of the time."""

    def resource(self, kind: str) -> dict:
        made = super().resource(kind)
        if "text" in definitions.children(kind) and self.random.random() < 0.6:
            inside = self.random.choice(NARRATIVES)
            div = f'<div xmlns="http://www.w3.org/1999/xhtml">{inside}</div>'
            made["text"] = {"status": "generated", "div": div}
        return made

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
            made = self.name()
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

    def name(self) -> dict:
        """A Chinese name in one of the forms in which it is written."""
        family, given = self.random.choice(
            (("张", "伟"), ("单", "雄信"), ("吕", "布"), ("欧阳", "修"), ("尉迟", "恭"), ("曾", "国藩"),
             ("買買提", "吐爾遜"), ("", "买买提·吐尔逊"), ("解", "缙"), ("單", "田芳"))
        )  # fmt: skip
        return self.random.choice(
            (
                {"text": family + given, "family": family or None, "given": [given]},
                {"text": f"{family} {given}"},
                {"family": family or given},
                {"family": family or given, "given": list(given)},
            )
        )


class OddWorldMaker(OddMaker, WorldMaker):
    """Odd shapes whose references lead to resources of the world."""

    def value(self, element, type, place, depth):
        if place == "Location.position":
            return self.random.choice((33.1, 115.6, -60, 0))
        return super().value(element, type, place, depth)


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
    made.append({"resourceType": "Observation", "code": coded, "valueString": "阴性 Negative"})
    amount = {"value": 5.4, "system": "http://unitsofmeasure.org", "code": "mmol/L"}
    part = {"code": coded, "valueQuantity": amount}
    made.append({"resourceType": "Observation", "code": coded, "component": [part]})
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
            make = OddWorldMaker if seed % 4 == 3 else WorldMaker
            maker = make(seed * 1000 + number, full=(0.95, 0.6, 0.4)[seed % 3])
            keep(maker.resource(kind), 12 if kind in CORE else AT_LEAST)
    for resource in _special():
        keep(resource, 1000)
    return tuple(kept)


def missing_parameters() -> set[str]:
    """The pairs that no resource of the world has, of all that are published."""
    seen = {row.param for resource in world() for row in extract(resource)}
    numbers = definitions.parameter_numbers()
    return {f"{type}.{code}" for (type, code), number in numbers.items() if number not in seen}


def escaped(text: str) -> str:
    for character in "\\,|$":
        text = text.replace(character, "\\" + character)
    return text


class Asker:
    """
    Makes questions: (type, pairs).

    `kinds` counts what was asked, by the kind and modifier of each condition.
    """

    def __init__(self, plain: Plain, seed: int) -> None:
        self.plain = plain
        self.random = random.Random(seed)
        self.keys = list(plain.resources)
        self.by_type: dict[str, list] = {}
        for key in self.keys:
            self.by_type.setdefault(key[0], []).append(key)
        self.types = sorted(self.by_type)
        self.kinds: Counter[str] = Counter()

    def question(self) -> tuple[str, list[tuple[str, str]]]:
        chance = self.random.random
        kind = self.random.choice(CORE) if chance() < 0.45 else self.random.choice(self.types)
        kind = self.random.choice(OF_NUMBERS) if chance() < 0.04 else kind
        pairs = []
        for _ in range(self.random.choice((1, 1, 1, 1, 2, 2, 3, 4))):
            pairs.append(self.any_pair(kind))
        if chance() < 0.2:
            pairs.append(("_sort", self.sort(kind)))
        if chance() < 0.2:
            pairs += [self.include(kind) for _ in range(self.random.choice((1, 1, 2)))]
        return kind, pairs

    def sort(self, kind: str) -> str:
        able = [
            p.code
            for p in parameters(kind).values()
            if p.expression and p.kind not in ("composite", "special")
        ]
        keys = self.random.sample(able, self.random.randint(1, 3))
        return ",".join(self.random.choice(("", "-")) + key for key in keys)

    def any_pair(self, kind: str) -> tuple[str, str]:
        chance = self.random.random()
        if chance < 0.07:
            self.kinds["_filter"] += 1
            return "_filter", self.filter(kind, 0)
        if chance < 0.11:
            return self.words(kind)
        if chance < 0.14:
            self.kinds["_list"] += 1
            return "_list", self.random.choice(self.by_type["List"])[1]
        return self.pair(kind, 0)

    def words(self, kind: str) -> tuple[str, str]:
        """Words of some resource, or of another, whole or cut."""
        resource = self.plain.resources[self.random.choice(self.by_type[kind])]
        self.kinds["_text, _content"] += 1
        if "text" in resource and self.random.random() < 0.7:
            source = self.random.choice(NARRATIVES)
            for tag in ("<p>", "<b>", "</b>", "</p>", "<i>", "</i>"):
                source = source.replace(tag, "")
            name = self.random.choice(("_text", "_content"))
        else:
            source = self.random.choice(("alpha beta", "太和县 医院", "http example", "Ünïcode"))
            name = "_content"
        if kind in ("Bundle", "Binary", "Parameters"):
            name = "_content"
        pieces = [piece for piece in source.split() if any(map(str.isalnum, piece))]
        chosen = self.random.sample(pieces, min(len(pieces), self.random.choice((1, 1, 2))))
        start = self.random.choice((0, 0, 0, 1))
        cut = [piece[start:] if piece[start:].isalnum() else piece for piece in chosen]
        text = " ".join(cut)
        joining = self.random.random()
        if joining < 0.15:
            text = f"({text} or {self.random.choice(('血压', 'alpha'))}) and not diabetes"
        elif joining < 0.3:
            text += self.random.choice((" or 无", " not 二", " AND 血", ",糖"))
            return name, text.replace(" ,", ",")
        return name, escaped(text)

    def filter(self, kind: str, depth: int) -> str:
        """A filter: tests, joined and negated."""
        chance = self.random.random()
        if depth < 3 and chance < 0.35:
            parts = [self.filter(kind, depth + 1) for _ in range(self.random.choice((2, 2, 3)))]
            text = parts[0]
            for part in parts[1:]:
                text += f" {self.random.choice(('and', 'or'))} {part}"
            return f"({text})" if self.random.random() < 0.5 or depth else text
        if depth < 3 and chance < 0.45:
            return f"not ({self.filter(kind, depth + 1)})"
        if depth < 2 and chance < 0.6:
            found = self.filter_chain(kind, depth)
            if found:
                return found
        return self.filter_test(kind)

    def filter_chain(self, kind: str, depth: int) -> str | None:
        references = [
            p for p in parameters(kind).values() if p.kind == "reference" and p.expression
        ]
        if not references or self.random.random() < 0.2:
            source, parameter = self.referring(kind)
            return f"_has:{source}:{parameter.code}:{self.filter_test(source)}"
        parameter = self.random.choice(references)
        target = self.random.choice([t for t in parameter.targets if t in self.by_type] or CORE)
        inside = f"[{self.filter(target, depth + 1)}]" if self.random.random() < 0.3 else ""
        return f"{parameter.code}:{target}{inside}.{self.filter_test(target)}"

    def filter_test(self, kind: str) -> str:
        parameter, ways, key = self.parameter_of(kind)
        operators = {
            "string": ("eq", "ne", "co", "sw", "ew"),
            "uri": ("eq", "ne", "co", "sw", "ew"),
            "token": ("eq", "ne", "ss", "sb", "in", "ni"),
            "reference": ("eq", "re", "ne"),
            "composite": ("eq",),
            "special": ("eq",),
            "date": ("po", *PREFIXES),
            "number": PREFIXES,
            "quantity": PREFIXES,
        }[parameter.kind]
        operator = self.random.choice(operators)
        if parameter.kind != "composite" and (not ways or self.random.random() < 0.08):
            return f"{parameter.code} pr {self.random.choice(('true', 'false'))}"
        if not ways:
            return f"_id eq {key[1]}"
        way = self.random.choice(ways)
        if operator in ("ss", "sb"):
            text = self.token(parameter, way, key, "below")[1]
        elif operator in ("in", "ni"):
            text = self.value_set()
        elif parameter.kind in ("string", "uri"):
            text = way.code
            cut = self.random.randint(1, len(text))
            text = {"sw": text[:cut], "co": text[cut // 2 : cut], "ew": text[-cut:]}.get(
                operator, text
            )
            text = escaped(text) if normalise(text) else "a"
        else:
            text = getattr(self, parameter.kind)(parameter, way, key, "")[1]
            if parameter.kind in ("date", "number", "quantity") and text[:2] in PREFIXES:
                text = text[2:]
        return f"{parameter.code} {operator} {json.dumps(text, ensure_ascii=False)}"

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

    def parameter_of(self, kind: str):
        """A parameter with the ways in which some resource of a type is found by it."""
        key = self.random.choice(self.by_type[kind])
        able = [p for p in parameters(kind).values() if p.expression]
        self.random.shuffle(able)
        if self.random.random() < 0.4:
            rare = self.random.choice(("quantity", "number", "composite", "special", "date"))
            able.sort(key=lambda parameter: parameter.kind != rare)
        for parameter in able:
            ways = self.plain.ways(key, Condition(parameter, "", ()))
            if ways or self.random.random() < 0.02:
                break
        return parameter, ways, key

    def simple(self, kind: str) -> tuple[str, str]:
        parameter, ways, key = self.parameter_of(kind)
        if parameter.kind != "composite" and (not ways or self.random.random() < 0.06):
            self.kinds["missing"] += 1
            return f"{parameter.code}:missing", self.random.choice(("true", "false"))
        if not ways:
            return "_id", key[1]
        return self.about(parameter, ways, key)

    def about(self, parameter, ways, key) -> tuple[str, str]:
        """A question about a parameter by which a resource is found in these ways."""
        make = getattr(self, parameter.kind)
        modifier, text = make(parameter, self.random.choice(ways), key)
        self.kinds[f"{parameter.kind}{':' + modifier if modifier else ''}"] += 1
        if modifier in ("in", "not-in"):
            return f"{parameter.code}:{modifier}", text
        while self.random.random() < 0.2:
            text += "," + make(parameter, self.random.choice(ways), key, modifier)[1]
        return f"{parameter.code}{':' + modifier if modifier else ''}", text

    def finding(self, parameter, way) -> tuple[str, str]:
        """A question that finds what is found in this way."""
        kind, code, system = parameter.kind, escaped(way.code), escaped(way.system)
        if kind == "string":
            return f"{parameter.code}:exact", code
        return parameter.code, {
            "token": lambda: f"{system}|{code}",
            "uri": lambda: code,
            "reference": lambda: code if set("/:?") & set(way.code) else f"{system}/{code}",
            "date": lambda: f"le{self.day(way)}",
            "number": lambda: f"le{self.end(way)!r}",
            "quantity": lambda: f"le{self.end(way)!r}|{system if code else ''}|{code}",
            "special": lambda: f"{way.low:.4f}|{way.high:.4f}|1|km",
            "composite": lambda: "$".join(
                self.finding(parameters(parameter.type)[name], part)[1]
                for part, (name, _) in zip(way.parts, parameter.components, strict=True)
            ),
        }[kind]()

    def day(self, way) -> str:
        end = way.low if abs(way.low) < 2**60 else way.high - 1
        days = end // 86_400_000_000 + EPOCH
        return date.fromordinal(max(1, min(days, date.max.toordinal()))).isoformat()

    def end(self, way) -> float:
        return way.low if abs(way.low) != float("inf") else way.high

    def value_set(self) -> str:
        shipped = [u for u in definitions.value_sets() if definitions.value_set(u)]
        own = [f"http://example.org/vs/{number}" for number in range(len(VALUE_SETS))]
        return self.random.choice((self.random.choice(shipped), self.random.choice(own)))

    def prefix(self) -> str:
        return self.random.choice(("", "", *PREFIXES))

    def token(self, parameter, way, key, modifier=None):
        chance = self.random.random()
        if modifier is None:
            modifier = self.random.choice(
                ("", "", "", "", "not", "text", "of-type", "in", "above", "below")
            )
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
            return self.random.choice(("in", "not-in")), self.value_set()
        if modifier in ("above", "below"):
            known = terms().below(way.system, way.code or "c1") is not None and way.code
            chosen = (way.system, way.code) if known else ("http://example.org/u", "c1")
            if chance < 0.2:
                chosen = self.random.choice(
                    (("urn:oid:1.2.3", "c2"), ("http://hl7.org/fhir/observation-status", "amended"))
                )
            return modifier, "|".join(map(escaped, chosen))
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
        return modifier, escaped(text) if normalise(text) else "a"

    def date(self, parameter, way, key, modifier=None):
        ends = [end for end in (way.low, way.high) if abs(end) < 2**60] or [0]
        days = self.random.choice(ends) // 86_400_000_000
        first, last = date(1, 1, 2).toordinal(), date(9999, 12, 30).toordinal()
        days = min(max(days + EPOCH, first), last) + self.random.choice((0, 0, 0, 1, -1))
        micros = self.random.choice(ends) % 86_400_000_000
        moment = datetime.fromordinal(days).replace(tzinfo=UTC) + timedelta(microseconds=micros)
        form = self.random.choice(
            ("%Y", "%Y-%m", "%Y-%m-%d", "%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M:%SZ",
             "%Y-%m-%dT%H:%M:%S+08:00", "%Y-%m-%dT%H:%M:%S.%fZ")
        )  # fmt: skip
        return "", self.prefix() + moment.strftime(form.replace("%Y", f"{moment.year:04}"))

    def number(self, parameter, way, key, modifier=None):
        ends = [end for end in (way.low, way.high) if abs(end) != float("inf")]
        number = self.random.choice(ends) + self.random.choice((0, 0, 0, 0, 1, -0.5))
        form = self.random.choice(
            (repr, lambda n: f"{n:.1f}", lambda n: f"{n:.0f}", "{:.2f}".format)
        )
        return "", self.prefix() + (form(number) if abs(number) < 1e15 else repr(number))

    def quantity(self, parameter, way, key, modifier=None):
        _, text = self.number(parameter, way, key)
        code, system = escaped(way.code), escaped(way.system)
        if code and self.random.random() < 0.7:
            text += f"|{self.random.choice((system, system, ''))}|{code}"
        return "", text

    def reference(self, parameter, way, key, modifier=None):
        if modifier is None:
            modifier = self.random.choice(("", "", "", "type", "identifier", "above", "below"))
            if modifier in ("above", "below") and not self.related(parameter, way):
                modifier = ""
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
            related = modifier in ("above", "below")
            return (modifier, escaped(text)) if not modifier or related else (modifier, "r1")
        if modifier in ("above", "below"):
            if not (way.system and hierarchy(way.system)):
                return modifier, "http://example.org/c|2"
            return modifier, f"{way.system}/{self.random.choice((way.code, 'r1', 'r2'))}"
        if modifier:
            return modifier, way.code if way.system == modifier else "r1"
        typed = way.system and self.random.random() < 0.6
        known = way.system in definitions.resource_types()
        return "", f"{way.system}/{way.code}" if typed and known else way.code

    def related(self, parameter, way) -> bool:
        """Whether above and below can be asked: of an address, or of a type with a hierarchy."""
        return ":" in way.code or bool(way.system and hierarchy(way.system))

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
        here = (way.low, way.high) if abs(way.low) <= 89 and abs(way.high) <= 180 else (33, 115)
        north = here[0] + self.random.choice((0, 0.01, 1))
        return "", f"{north:.4f}|{here[1]:.4f}{far}"
