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
