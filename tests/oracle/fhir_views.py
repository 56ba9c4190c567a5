"""
ViewDefinitions made at random over the type model, and resources for them; fixed by a seed.

Paths walk what the model says a type has, so that most of them meet data; functions and
operators are chosen by the kind of what stands before them, and now and then without regard
to it, so that errors are compared, too.
"""

from __future__ import annotations

import random
from decimal import Decimal

from taihe.fhir import model
from tests.oracle.fhir_resources import Maker

TYPES = ["Patient", "Observation", "Questionnaire", "Condition", "Encounter", "Location",
         "MedicationRequest", "ValueSet"]  # fmt: skip
EDGES = {
    "decimal": [Decimal("1.50"), Decimal("0.0"), Decimal("-2.25"), 7, Decimal("100.00"),
                Decimal("0.10"), Decimal("12345678901.5")],
    "date": ["2020", "2021-02", "2022-03-04", "2020-02-29", "1999-12-31"],
    "dateTime": ["1999", "2001-12", "2003-04-05", "2010-10-10T10:10:10+08:00",
                 "2011-01-01T00:00:00.250Z", "2010-10-10T02:10:10Z", "2020-02-29T23:59:59-05:00",
                 "2010-10-10T10:10:10.5+08:00"],
    "instant": ["2015-02-07T13:28:17.239+02:00", "2016-01-01T00:00:00Z"],
    "time": ["08:30:00", "23:59:59.5", "08:30:00.000"],
    "string": ["alpha", "Ünïcode", "太和县", "a b", " pad ", "1.50", "12", "true", 'q"uo,te',
               "2020-01-01", "it's"],
    "integer": [0, 3, -7, 12],
}  # fmt: skip


class Edgy(Maker):
    """Resources with numbers, dates and texts at their edges; some primitives are extensions."""

    def value(self, element, type, place, depth):
        if type in EDGES and not (type == "code" and element.required):
            return self.random.choice(EDGES[type])
        return super().value(element, type, place, depth)

    def structure(self, place, depth):
        made = super().structure(place, depth)
        for key in list(made):
            if made[key] == [{}]:
                del made[key]
                continue
            field = model.fields(place).get(key)
            if field is None or not field.primitive or field.many:
                continue
            if self.random.random() < 0.01:
                made["_" + key] = {"extension": [{"url": "http://example.org/e",
                                                  "valueString": "x"}]}  # fmt: skip
                if self.random.random() < 0.3:
                    del made[key]
        return made


def resources(kind: str, seed: int, count: int = 6) -> list[dict]:
    """A few resources of a type; the first is nearly empty."""
    found = [{"resourceType": kind, "id": "bare"}]
    for number in range(1, count):
        made = Edgy(seed * 100 + number, 0.75).resource(kind)
        made["id"] = f"r{number}"
        found.append(made)
    return found


LITERALS = {
    "text": ["'alpha'", "''", "'a'", "'12'", "'太和县'", "%text", "'x'"],
    "integer": ["0", "1", "2", "-3", "12", "%whole"],
    "decimal": ["1.5", "0.0", "2.25", "100.00", "%number"],
    "boolean": ["true", "false", "%yes"],
    "date": ["@2020", "@2010-10", "@2010-10-10", "@2010-10-10T10:10", "@2010-10-10T02:10:10Z",
             "@2011-01-01T00:00:00.250Z", "%day", "@2020-02-29T23:59:59"],
    "time": ["@T08:30", "@T08:30:00", "@T12", "@T23:59:59.500"],
}  # fmt: skip
CONSTANTS = [
    {"name": "text", "valueString": "alpha"},
    {"name": "whole", "valueInteger": 3},
    {"name": "number", "valueDecimal": Decimal("1.50")},
    {"name": "yes", "valueBoolean": True},
    {"name": "day", "valueDate": "2020-02-29"},
]
KINDS = {"boolean": "boolean", "integer": "integer", "positiveInt": "integer",
         "unsignedInt": "integer", "decimal": "decimal", "date": "date", "dateTime": "date",
         "instant": "date", "time": "time"}  # fmt: skip
TEXT_CALLS = [
    ("upper()", "text"), ("lower()", "text"), ("trim()", "text"), ("length()", "integer"),
    ("startsWith('a')", "boolean"), ("endsWith('e')", "boolean"), ("contains('a')", "boolean"),
    ("substring(1)", "text"), ("substring(0, 2)", "text"), ("substring(-1)", "text"),
    ("indexOf('a')", "integer"), ("lastIndexOf('a')", "integer"), ("replace('a', 'b')", "text"),
    ("matches('^[a-z]+$')", "boolean"), ("matches('a.')", "boolean"), ("toChars()", "text*"),
    ("matchesFull('[a-z]+')", "boolean"), ("replaceMatches('[aeiou]', '<$0>')", "text"),
    ("split(' ')", "text*"), ("toInteger()", "integer"), ("toDecimal()", "decimal"),
    ("toBoolean()", "boolean"), ("convertsToInteger()", "boolean"), ("toString()", "text"),
    ("convertsToDecimal()", "boolean"), ("encode('hex')", "text"), ("encode('base64')", "text"),
    ("escape('html')", "text"),
]  # fmt: skip
NUMBER_CALLS = [
    ("abs()", "="), ("ceiling()", "integer"), ("floor()", "integer"), ("truncate()", "integer"),
    ("round()", "decimal"), ("round(1)", "decimal"), ("toString()", "text"), ("toInteger()", "integer"),
    ("lowBoundary()", "decimal"), ("highBoundary()", "decimal"), ("toDecimal()", "="),
    ("lowBoundary(2)", "decimal"), ("toBoolean()", "boolean"), ("convertsToInteger()", "boolean"),
]  # fmt: skip
DATE_CALLS = [("lowBoundary()", "date"), ("highBoundary()", "date"), ("toString()", "text")]
LIST_CALLS = ["first()", "last()", "tail()", "skip(1)", "take(1)", "take(2)", "distinct()", "single()",
              "where($this.exists())", "[0]", "[1]", "skip(%rowIndex)"]  # fmt: skip
RARE = ["repeat(extension)", "descendants()", "type()", "sort()", "ln()"]


class Views:
    """Makes one view from a seed; `strange` is how often kinds are not regarded."""

    def __init__(self, seed: int, strange: float = 0.02) -> None:
        self.random = random.Random(seed)
        self.strange = strange
        self.names = 0

    # Paths

    def step(self, place: str) -> tuple[str, str, str, bool] | None:
        """A step from a place: path, kind or FHIR type, the place it leads to, whether many."""
        fields = [f for f in model.fields(place).values()
                  if f.type not in ("Resource", "xhtml") and f.name not in ("contained", "text")]  # fmt: skip
        if not fields:
            return None
        field = self.random.choice(fields)
        name = (
            f"`{field.name}`" if field.name in ("div", "contains", "as", "is", "in") else field.name
        )
        if field.key != field.name:
            way = f".ofType({field.type})" if self.random.random() < 0.9 else ""
            name += way
        kind = KINDS.get(field.type, "text") if field.primitive else "complex"
        return name, kind, field.place, field.many

    def path(self, place: str, wanted: str | None = None) -> tuple[str, str, str, bool]:
        """A path from a place, as `step` gives it."""
        best = None
        for _ in range(12):
            parts, here, many, kind = [], place, False, "complex"
            for _ in range(self.random.choice((1, 1, 2, 2, 3))):
                found = self.step(here)
                if found is None:
                    break
                name, kind, here, more = found
                many = many or more
                if kind == "complex" and more and self.random.random() < 0.35:
                    name += self.filter(here)
                if more and self.random.random() < 0.4:
                    call = self.random.choice(LIST_CALLS[:1] * 3 + LIST_CALLS)
                    if call not in ("distinct()", "single()") or kind != "complex":
                        name += call if call[0] == "[" else f".{call}"
                        if (
                            call in ("first()", "last()", "[0]", "[1]", "single()")
                            and len(parts) == 0
                        ):
                            many = False
                parts.append(name)
                if kind != "complex":
                    break
            if not parts:
                continue
            best = ".".join(parts), kind, here, many
            if wanted is None and kind != "complex" or kind == wanted:
                return best
        return best or ("id", "text", "id", False)

    def filter(self, place: str) -> str:
        return f".where({self.condition(place, 1)})"

    def single(self, place: str, wanted: str | None = None) -> tuple[str, str]:
        """An expression of at most one item."""
        path, kind, _, many = self.path(place, wanted)
        if many:
            path += self.random.choice([".first()", ".last()", ".first()", "[0]"])
        return path, kind

    # Expressions

    def expression(self, place: str, depth: int = 0) -> tuple[str, str, bool]:
        """An expression: text, kind, whether it may have several items."""
        pick = self.random.random()
        if pick < 0.25 or depth > 2:
            path, kind, _, many = self.path(place)
            if kind == "complex":
                return f"{path}.exists()", "boolean", False
            return path, kind, many
        if pick < 0.45:
            return (*self.called(place, depth), False)
        if pick < 0.6:
            return self.condition(place, depth), "boolean", False
        if pick < 0.68:
            return (*self.reckoned(place), False)
        if pick < 0.74:
            one, kind = self.single(place)
            if kind == "complex":
                return f"{one}.empty()", "boolean", False
            condition = self.condition(place, depth + 1)
            other = self.random.choice(LITERALS[kind] + ["{}"])
            return f"iif({condition}, {one}, {other})", kind, False
        if pick < 0.80:
            path, kind, _, _ = self.path(place)
            if kind == "complex":
                return f"{path}.count()", "integer", False
            function = self.random.choice(
                ["count()", "distinct()", "exists()", "empty()", "isDistinct()", "hasValue()",
                 "join(',')", "where($this = {0})", "all($this = {0})", "select($this)",
                 "exclude({0})", "intersect({0})", "where($index > 0)", "combine({0})"])  # fmt: skip
            function = function.replace("{0}", self.random.choice(LITERALS[kind]))
            many = function.split("(")[0] in (
                "distinct",
                "where",
                "select",
                "exclude",
                "intersect",
                "combine",
            )
            return f"{path}.{function}", kind if many else "boolean", many
        if pick < 0.85:
            a, kind, _, _ = self.path(place)
            if kind == "complex":
                return f"{a}.exists()", "boolean", False
            b = (
                self.path(place, kind)[0]
                if self.random.random() < 0.5
                else self.random.choice(LITERALS[kind])
            )
            return f"({a} | {b})", kind, True
        if pick < 0.9:
            return self.random.choice(
                ["getResourceKey()", "extension('http://example.org/e').value.ofType(string)",
                 "extension.exists()", "%rowIndex", "id", "%rowIndex + 1", "%resource.id",
                 "$this.exists()", "'a' & %text", "%context.exists()"]), "text", True  # fmt: skip
        if pick < 0.95:
            path, kind, here, many = self.path(place, "complex")
            if here == "Reference" or kind == "complex":
                inner = self.expression(here, depth + 1)
                return f"{path}.select({inner[0]})", inner[1], True
            return path, kind, many
        path, kind = self.single(place)
        if kind == "complex":
            return f"{path}.exists()", "boolean", False
        if self.random.random() < 0.15:
            return f"{path}.{self.random.choice(RARE)}", "text", True
        target = self.random.choice(["string", "code", "decimal", "integer", "dateTime", "boolean"])
        way = self.random.choice([f" is {target}", f".is({target})", f".ofType({target})"])
        return f"({path}{way})", "text", True

    def called(self, place: str, depth: int) -> tuple[str, str]:
        one, kind = self.single(place)
        if kind == "complex":
            return f"{one}.exists()", "boolean"
        for _ in range(self.random.choice((1, 1, 2))):
            pool = {"text": TEXT_CALLS, "integer": NUMBER_CALLS, "decimal": NUMBER_CALLS,
                    "date": DATE_CALLS, "time": DATE_CALLS}.get(kind, [("not()", "boolean")])  # fmt: skip
            if self.random.random() < self.strange:
                pool = TEXT_CALLS + NUMBER_CALLS + DATE_CALLS
            call, result = self.random.choice(pool)
            one = f"{one}.{call}"
            if result == "text*":
                return f"{one}.join('-')", "text"
            kind = kind if result == "=" else result
        return one, kind

    def reckoned(self, place: str) -> tuple[str, str]:
        kind = self.random.choice(("integer", "decimal", "text"))
        a = self.single(place, kind)
        if a[1] == "text":
            b = self.single(place, "text") if self.random.random() < 0.5 else ("'-'", "text")
            operator = self.random.choice(("+", "&"))
            return f"({a[0]} {operator} {b[0]})", "text"
        if a[1] not in ("integer", "decimal"):
            return a
        operator = self.random.choice(("+", "-", "*", "/", "div", "mod"))
        b = self.random.choice(LITERALS["integer"] + LITERALS["decimal"])
        if self.random.random() < 0.3:
            b = self.single(place, a[1])[0]
        return f"({a[0]} {operator} {b})", "decimal"

    def condition(self, place: str, depth: int) -> str:
        pick = self.random.random()
        if pick < 0.2 and depth < 3:
            a, b = self.condition(place, depth + 1), self.condition(place, depth + 1)
            return f"({a} {self.random.choice(('and', 'or', 'xor', 'implies'))} {b})"
        if pick < 0.3 and depth < 3:
            return f"({self.condition(place, depth + 1)}).not()"
        if pick < 0.45:
            path, kind, here, _ = self.path(place)
            way = self.random.choice(("exists()", "empty()", "count() > 1"))
            if kind == "complex" and self.random.random() < 0.5:
                way = f"exists({self.condition(here, depth + 2)})"
            return f"({path}.{way})"
        one, kind = self.single(place)
        if kind == "complex":
            return f"{one}.exists()"
        if kind == "boolean":
            return f"({one} = {self.random.choice(LITERALS['boolean'])})"
        operator = self.random.choice(("=", "!=", "<", "<=", ">", ">=", "~", "!~", "in"))
        pool = LITERALS[kind]
        if kind in ("integer", "decimal"):
            pool = LITERALS["integer"] + LITERALS["decimal"]
        if self.random.random() < self.strange:
            pool = LITERALS["text"] + LITERALS["date"] + LITERALS["integer"]
        if operator == "in":
            a, b = self.random.choice(LITERALS[kind]), self.random.choice(LITERALS[kind])
            return f"({one} in ({a} | {b}))"
        other = self.random.choice(pool)
        if self.random.random() < 0.25:
            other = self.single(place, kind)[0]
        return f"({one} {operator} {other})"

    # Selects

    def column(self, place: str) -> dict:
        self.names += 1
        text, kind, many = self.expression(place)
        column = {"name": f"c{self.names}", "path": text}
        if kind == "complex":
            column["path"] = f"{text}.exists()"
        elif many and self.random.random() < 0.7:
            column["collection"] = True
        elif many and self.random.random() < 0.85:
            column["path"] = f"({text}).first()"
        return column

    def select(self, place: str, depth: int = 0) -> dict:
        made: dict = {}
        here = place
        pick = self.random.random()
        if pick < 0.5 + 0.1 * depth:
            for _ in range(10):
                path, kind, here, _ = self.path(place, "complex")
                if kind == "complex":
                    break
            if kind == "complex":
                key = self.random.choice(("forEach", "forEachOrNull"))
                made[key] = path
            else:
                here = place
        elif pick < 0.62 and place == "Questionnaire":
            made["repeat"], here = ["item"], "Questionnaire.item"
        made["column"] = [self.column(here) for _ in range(self.random.choice((1, 1, 2)))]
        if depth < 2 and self.random.random() < 0.3:
            made["select"] = [self.select(here, depth + 1)]
        if depth < 2 and self.random.random() < 0.2:
            first = self.branch(here)
            second = self.branch(here)
            for one, two in zip(first["column"], second["column"], strict=True):
                two["name"] = one["name"]
                two.pop("collection", None)
                if one.get("collection"):
                    two["collection"] = True
            made["unionAll"] = [first, second]
        return made

    def branch(self, place: str) -> dict:
        branch: dict = {"column": [self.column(place)]}
        path, kind, here, _ = self.path(place, "complex")
        if kind == "complex" and self.random.random() < 0.6:
            branch = {"forEach": path, "column": [self.column(here)]}
        return branch

    def view(self, kind: str) -> dict:
        made = {
            "resource": kind,
            "constant": CONSTANTS,
            "select": [{"column": [{"name": "id", "path": "id"}]}]
            + [self.select(kind) for _ in range(self.random.choice((1, 1, 1, 2)))],
        }
        if self.random.random() < 0.3:
            made["where"] = [{"path": self.condition(kind, 0)}]
        return made
