"""
The index rows of a resource by the slow evaluator of `taihe.fhir.search.plain`.

Only the walk of each search expression and its own reading of values are used: nothing of the
compiled extraction.
"""

from __future__ import annotations

from taihe.fhir import definitions
from taihe.fhir.search.plain import Walk, found_by


def index_rows(resource):
    """The set of (number, kind, system, code, low, high, parts) of a resource."""
    walk = Walk(resource)
    kind = resource["resourceType"]
    numbers = definitions.parameter_numbers()
    lines = []
    while kind:
        lines.append(kind)
        kind = definitions.types()[kind].base
    own = {}
    for row in definitions.search_parameters():
        for base in row.bases:
            if base in lines and (
                row.code not in own or lines.index(base) < lines.index(own[row.code][1])
            ):
                own[row.code] = (row, base)
    found = set()

    def simple(row, base, focus, expression):
        number = numbers[base, row.code]
        for item in walk.items(expression, focus):
            for way in found_by(row.kind, item):
                yield (number, row.kind, *way[:4], ())

    for row, base in own.values():
        if not row.expression:
            continue
        if row.kind != "composite":
            found.update(simple(row, base, None, row.expression))
            continue
        for item in walk.items(row.expression):
            combinations = [()]
            for code, expression in row.components:
                part, part_base = own[code]
                parts = list(simple(part, part_base, item, expression))
                combinations = [c + (p,) for c in combinations for p in parts]
            for parts in combinations:
                found.add((numbers[base, row.code], "composite", "", "", None, None, parts))
    return found
