"""Hostile expressions and resources, made at random from real ones; deterministic by seed."""

from __future__ import annotations

import random

from taihe.fhir import definitions

PIECES = [
    "name", "given", "Patient", "$this", "$index", "$total", "%resource", "%x", "1", "2.5", "-3",
    "99999999999999999999999", "'a'", "''", "true", "{}", "@2020", "@2020-02-30", "@T10:00", "@2020-01-01T",
    "1 'mg'", "3 days", "(", ")", "[", "]", ".", ",", " | ", " and ", " or ", " implies ", " = ",
    " ~ ", " < ", " >= ", " + ", " - ", " * ", " / ", " div ", " mod ", " & ", " in ", " contains ",
    " is ", " as ", "where(", "select(", "repeat(", "exists()", "count()", "first()", "power(10000)",
    "toString()", "matches('(a*)*b')", "replace('', 'xxxxxxxxxx')", "aggregate($total + $this, 0)",
    "descendants()", "children()", "ofType(string)", "type()", "lowBoundary()", "round(50)",
    "toQuantity('g')", "encode('hex')", "substring(-1)", "extension('x')", "resolve()", "sort(-$this)",
    "now()", "defineVariable('v', 1)", "iif(true, 1, 2)", "join(',')", "split('')", "`quoted`", "//", "/*",
    "\\", "'\\u12'", "@", "#", "​",
]  # fmt: skip
JUNK = [
    None, True, 0, -1, 1.5, float("inf"), 10**40, "", " ", "x" * 2000, [], {}, [[]], [None], {"a": {}},
    [{"url": "x"}], "#x", "9999-99-99T99:99:99Z", "\ud800", {"resourceType": "Patient"},
]  # fmt: skip


def expression(seed: int) -> str:
    """A row of pieces of FHIRPath, rarely well formed."""
    pick = random.Random(seed)
    text = "".join(pick.choice(PIECES) for _ in range(pick.randrange(1, 14)))
    return text.replace("name", "name.given") if pick.random() < 0.2 else text


def well_formed(seed: int) -> str:
    """An expression that can be read: calls in a chain, joined by operators."""
    pick = random.Random(seed)
    starts = ["name", "name.given", "birthDate", "1", "'abc'", "@2020-01-31", "1.50", "3 'mg'",
              "identifier.value", "{}", "true", "descendants()", "4 months", "@T10:30"]  # fmt: skip
    calls = [p for p in PIECES if p.endswith(")") and p != ")"] + [
        "where($this = $this)", "select($this | 1)", "repeat($this)", "all(true)", "skip(1)", "last()",
        "upper()", "toDecimal()", "abs()", "union(1 | 2)", "highBoundary(3)", "not()", "length()",
        "intersect($this)", "tail()", "distinct()", "is(string)", "precision()", "exp()", "log(2)",
    ]  # fmt: skip
    operators = [p for p in PIECES if p.startswith(" ") and p.strip() not in ("is", "as")]
    text = ""
    for _ in range(pick.randrange(1, 4)):
        part = pick.choice(starts) + "".join(
            "." + pick.choice(calls) for _ in range(pick.randrange(4))
        )
        text = f"({text}){pick.choice(operators)}{part}" if text else part
    return text


def spoiled(resource: dict, seed: int) -> dict:
    """A copy of a resource with a few values replaced, moved or renamed."""
    pick = random.Random(seed)

    def spoil(value, depth):
        if pick.random() < 0.03:
            return pick.choice(JUNK)
        if isinstance(value, dict):
            return {
                (
                    pick.choice(("_" + k, k + "x", "extension", "value"))
                    if pick.random() < 0.03
                    else k
                ): spoil(v, depth + 1)
                for k, v in value.items()
            }
        if isinstance(value, list):
            return [spoil(v, depth + 1) for v in value]
        return value

    made = spoil(resource, 0)
    if not isinstance(made, dict):
        return {"resourceType": "Patient", "name": made}
    made.setdefault("resourceType", pick.choice(sorted(definitions.resource_types())))
    return made


MODIFIERS = ["", "", "", ":exact", ":contains", ":missing", ":not", ":in", ":below", ":above", ":text",
             ":identifier", ":Patient", ":of-type", ":x", ":", ":iterate"]  # fmt: skip
VALUES = ["", "a", "true", "张", "ge2020", "2020-02-30", "ap5.4", "sa", "5.4|http://x|mg", "|", "||", "a|b|c",
          "Patient/1", "http://x/Patient/1|2", "#x", "$", "a$b", "a$b$c", ",", "a,b,c", "\\,", "\\", "a\\|b",
          "99999999999999999999", "1e400", "1e-400", "NaN", "x" * 5000, "," * 3000, "%", "(", "\x00", "\ud800",
          "*", "-", "_id", "name eq 'x'", "(" * 200, "a or b and not c", "2020-01-01T00:00:00.000+14:00"]  # fmt: skip
SPECIAL = ["_id", "_lastUpdated", "_sort", "_count", "_include", "_revinclude", "_has", "_has:Observation:patient:code",
           "_has:Observation:subject:_has:Provenance:target:agent", "_summary", "_elements", "_total", "_type",
           "_filter", "_text", "_content", "_list", "_query", "_profile", "_tag", "subject:Patient.name",
           "subject.organization.partof.partof.name", "subject", "a.b.c.d", "", ".", "_", ":", "name:"]  # fmt: skip


def search(seed: int) -> tuple[str, list[tuple[str, str]]]:
    """A resource type and the pairs of a query string, most of them wrong."""
    from taihe.fhir.search import parameters

    pick = random.Random(seed)
    kind = pick.choice(sorted(definitions.resource_types()))
    known = list(parameters(kind))
    pairs = []
    for _ in range(pick.randrange(1, 4)):
        name = pick.choice(known) if pick.random() < 0.6 else pick.choice(SPECIAL)
        pairs.append((name + pick.choice(MODIFIERS), pick.choice(VALUES)))
    return kind, pairs


def view(seed: int) -> dict:
    """A ViewDefinition whose paths are expressions from outside."""
    pick = random.Random(seed)

    def path() -> object:
        if pick.random() < 0.05:
            return pick.choice(JUNK)
        return pick.choice((well_formed, expression))(pick.randrange(10**9))

    def select(depth: int) -> object:
        made: dict = {}
        if pick.random() < 0.7:
            made["column"] = [
                {"name": pick.choice(("a", "b", "c", "1", "", "a b", "select")), "path": path(),
                 **({"collection": True} if pick.random() < 0.2 else {}),
                 **({"type": pick.choice(("string", "x", "integer", 3))} if pick.random() < 0.2 else {})}
                for _ in range(pick.randrange(3))
            ]  # fmt: skip
        for key in ("forEach", "forEachOrNull"):
            if pick.random() < 0.2:
                made[key] = path()
        if pick.random() < 0.1:
            made["repeat"] = [path(), "$this"][: pick.randrange(3)]
        for key in ("select", "unionAll"):
            if depth < 3 and pick.random() < 0.3:
                made[key] = [select(depth + 1) for _ in range(pick.randrange(3))]
        return made if pick.random() < 0.97 else pick.choice(JUNK)

    made = {"resourceType": "ViewDefinition", "resource": "Patient", "status": "active",
            "select": [select(0) for _ in range(pick.randrange(1, 3))]}  # fmt: skip
    if pick.random() < 0.2:
        made["where"] = [{"path": path()}]
    if pick.random() < 0.2:
        made["constant"] = [
            {"name": pick.choice(("x", "y", "")), "valueString": pick.choice(VALUES)}
        ]
    return made


def profile(seed: int) -> dict:
    """A StructureDefinition of Patient with odd elements, slices and rules."""
    pick = random.Random(seed)
    paths = ["Patient", "Patient.name", "Patient.name.given", "Patient.identifier", "Patient.deceased[x]",
             "Patient.extension", "Patient.contact.name", "Patient.nosuch", "Observation.code", "", "."]  # fmt: skip
    elements = []
    for _ in range(pick.randrange(1, 8)):
        name = pick.choice(paths)
        slice_name = pick.choice(("", "", "", ":a", ":b"))
        one = {"id": name + slice_name, "path": name}
        for key, value in (
            ("min", pick.choice((0, 1, 99, -1, "x"))), ("max", pick.choice(("0", "1", "*", "x", 1))),
            ("fixedCode", "official"), ("patternString", "a"), ("sliceName", slice_name[1:]),
            ("slicing", {"discriminator": [{"type": pick.choice(("value", "pattern", "type", "x")),
                                            "path": expression(pick.randrange(10**9))}],
                         "rules": pick.choice(("open", "closed", "x"))}),
            ("constraint", [{"key": "k", "severity": "error", "human": "h",
                             "expression": well_formed(pick.randrange(10**9))}]),
            ("binding", {"strength": "required", "valueSet": pick.choice(VALUES)}),
            ("type", [{"code": pick.choice(("string", "Reference", "x", 3))}]),
        ):  # fmt: skip
            if pick.random() < 0.3:
                one[key] = value if pick.random() < 0.95 else pick.choice(JUNK)
        elements.append(one)
    return {"resourceType": "StructureDefinition", "url": "http://x/p", "name": "p", "type": "Patient",
            "derivation": "constraint", "kind": "resource",
            "snapshot": {"element": [{"id": "Patient", "path": "Patient"}, *elements]}}  # fmt: skip


def bundle(seed: int) -> dict:
    """A transaction with spoiled entries."""
    pick = random.Random(seed)
    entries = [
        {"fullUrl": pick.choice(("urn:uuid:1", "urn:uuid:2", "x", "")),
         "resource": {"resourceType": "Patient", "id": "p", "link": [{"other": {"reference": "urn:uuid:1"}}]},
         "request": {"method": pick.choice(("PUT", "POST", "GET", "DELETE", "PATCH", "X")),
                     "url": pick.choice(("Patient", "Patient/p", "Patient?_id=x", "/", "?", "a/b/c"))}}
        for _ in range(pick.randrange(4))
    ]  # fmt: skip
    made = spoiled({"resourceType": "Bundle", "type": "transaction", "entry": entries}, seed)
    return made if pick.random() < 0.3 else {**made, "resourceType": "Bundle", "type": "batch"}


def nested(levels: int) -> dict:
    """A Questionnaire whose items lie in each other."""
    top: dict = {"resourceType": "Questionnaire", "status": "active"}
    at = top
    for _ in range(levels):
        below = {"linkId": "x", "type": "group"}
        at["item"] = [below]
        at = below
    return top


def wide(count: int) -> dict:
    """A Patient with so many names and telephone numbers."""
    return {
        "resourceType": "Patient",
        "name": [{"given": [str(n) for n in range(count)]}],
        "telecom": [{"value": str(n), "rank": n} for n in range(count)],
    }


ROUNDS = "(" + "|".join(map(str, range(1, 41))) + ")"
NUMBER = "valueQuantity.value"

# What doubles, repeats or grows without end: an expression over 100 000 items, long texts, or
# a number with a huge exponent.
BOMBS = [
    "repeatAll($this | $this)", "repeat($this & 'x')", "1.repeat($this + 1)", "repeat(children() | $this)",
    *(f"{ROUNDS}.aggregate({step})" for step in (
        "$total + $total, 'x'", "$total & $total, 'x'", "$total.replace('x', 'xx'), 'x'",
        "$total.replaceMatches('x', 'xx'), 'x'", "$total.combine($total), 1", "$total * $total, 9999999999",
        "$total.power(1000), 9", "$total.encode('hex'), 'aaaa'", "$total.escape('html'), '&&&&'",
        "$total.toChars().join($total), 'xxxx'", "$total.split('x').join($total), 'xxxx'",
        "$total | ($total & 'x'), 'x'", "$total.toString() & $total.toString(), 1.5")),
    "%many.where(%many.where(%many.exists()).exists()).count()", "%many.where($this in %many).count()",
    "%many.select(%many).count()", "%many.distinct().count()", "%many.intersect(%many).count()",
    "%many.exclude(%many).count()", "(%many | %many).count()", "%many ~ %many", "%many.isDistinct()",
    "%many.sort($this mod 7, -$this).count()", "%many.sum()", "%many.aggregate($total & $this, '').length()",
    "%long.upper().lower().length()", "%long & %long", "%long.replace('', 'xxxxxxxxxx')", "%long.toChars().count()",
    "%long.split('').count()", "%long.matches('(x+x+)+y')", "%long.encode('base64')", "%long.toQuantity()",
    "%long.toDate(%long)", "%many.where(%long.contains('y')).count()", "%long ~ %long", "'a'.matches(%long)",
    "%text.matches('(a+)+$')", "%text.matches('(a|a)*b')", "%text.matches('(.*)(.*)(.*)(.*)x')",
    "%text.matches('(?=(a+))a*b')", "%text.replaceMatches('a*', 'xxxxxxxxxx')", "%text.matches('a+b')",
    "'a'.matches('" + "(" * 21 + "a" + "*)" * 21 + "b')", "%text.matches('(a?){50}a{50}')",
    "'x'.matches('" + "(" * 900 + ")" * 900 + "')", "%text.matches('a{1,1000}{1,1000}')",
    *(f"%huge.{call}" for call in (
        "toString()", "round()", "truncate()", "toInteger()", "toBoolean()", "sqrt()", "ln()", "exp()", "power(2)",
        "log(2)", "lowBoundary()", "precision()", "abs()", "toQuantity('mg')", "round(3)", "ceiling()")),
    "%huge + 1", "%huge * %huge", "7 mod %huge", "%huge mod 7", "%huge div 7", "%huge ~ 1.5", "%huge & 'x'",
    "-%huge", "@2020-01-01 + %huge.toQuantity('days')", "%huge.toQuantity('d') = 1 'h'", "(1 | 2).take(%huge)",
    "1.power(10000000)", "10.power(10000).toString()", "1000000.exp()", "1." + "1" * 90_000 + " * 1.11",
    "@9999-12-31 + 1 day", "@0001-01-01 - 9999999999999999 days", "@2020-01-01 + 99999999999 months",
    "@T00:00 + 99999999999999999999999 hours", "@9999-12-31T23:59:59-14:00 < @9999-12-31T23:59:59Z",
    " + ".join(["1"] * 30_000), ".".join(["name"] * 20_000), "name" + "[0]" * 30_000, "1" + ".toString()" * 9000,
    "name.where(" * 100 + "true" + ")" * 100, "-" * 119 + "1", "(" * 119 + "1" + ")" * 119,
]  # fmt: skip
WIDE = [
    "telecom.distinct().count()", "telecom.intersect(telecom).count()", "telecom.where(rank > 5).count()",
    "telecom.sort(rank desc).first().rank", "telecom.where(value in %context.name.given).count()",
    "telecom.select(%context.telecom.count()).first()", "telecom.select(%context.telecom).count()",
    "descendants().count()", "repeat(children()).count()", "telecom ~ telecom", "telecom.pathname().count()",
    "descendants().where(descendants().exists()).count()", "name.given.join().length()",
]  # fmt: skip
DEEP = [
    "descendants().count()", "repeat(item).count()", "repeatAll(item).count()", "item = item", "item ~ item",
    "descendants().distinct().count()", "descendants().last().pathname()", "item", "descendants().linkId.distinct()",
    "item.item.item.count()", "descendants().where(descendants().exists()).count()",
]  # fmt: skip
