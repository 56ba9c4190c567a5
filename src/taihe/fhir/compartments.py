"""
Compartments: which patients a resource belongs to, and searches within one.

Source: https://hl7.org/fhir/R4/compartmentdefinition.html.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any

from taihe.fhir import definitions
from taihe.fhir.search import Condition, IndexRow, Junction, Query, Value, extract, parameters
from taihe.kernel.errors import Incorrect


@cache
def patient_parameters(type: str) -> tuple[str, ...]:
    """The reference parameters that put a type into a patient's compartment, in order."""
    codes = definitions.compartments()["patient"]["parameters"].get(type, ())
    return tuple(code for code in codes if code in parameters(type))


@cache
def _numbers(type: str) -> dict[int, int]:
    return {
        parameters(type)[code].number: order for order, code in enumerate(patient_parameters(type))
    }


def patient_references(
    resource: dict[str, Any], rows: Iterable[IndexRow] | None = None
) -> list[str]:
    """
    The "Patient/<id>" references of a resource, in the order of the compartment's parameters.

    A Patient begins with itself. `rows` are its index rows where the caller has them.
    """
    type = resource.get("resourceType", "")
    order = _numbers(type)
    found = [f"Patient/{resource['id']}"] if type == "Patient" and resource.get("id") else []
    if order:
        referring = [
            (order[row.param], row.code)
            for row in (extract(resource) if rows is None else rows)
            if row.param in order and row.system == "Patient" and "/" not in row.code
        ]
        found += [f"Patient/{code}" for _, code in sorted(referring, key=lambda pair: pair[0])]
    return list(dict.fromkeys(found))


def within(query: Query, compartment: str, id: str) -> Query:
    """
    A query within a compartment, as `Patient/23/Observation?code=…` asks it.

    `compartment` is Patient, Encounter, Practitioner, RelatedPerson or Device. A resource is in
    it when a parameter of the compartment's definition refers to it; what the compartment is
    named for is in it, too. Raises Incorrect for a type that is in no such compartment.
    Source: https://hl7.org/fhir/R4/search.html#searchcontexts.
    """
    known = {
        listed["type"]: listed["parameters"]
        for name, listed in definitions.compartments().items()
        if name != "example"
    }
    if compartment not in known:
        raise Incorrect(
            "There is no compartment of this type.", "There are " + ", ".join(sorted(known)) + "."
        )
    own = parameters(query.type)
    codes = [code for code in known[compartment].get(query.type, ()) if code in own]
    address = Value(f"{compartment}/{id}", system=compartment, code=id)
    criteria = [Condition(own[code], "", (address,)) for code in codes]
    if query.type == compartment:
        criteria.append(Condition(own["_id"], "", (Value(id, code=id),)))
    if not criteria:
        raise Incorrect(
            f"{query.type} is in no {compartment}'s compartment.", f"Search {query.type} itself."
        )
    return replace(query, conditions=(Junction("or", tuple(criteria)), *query.conditions))
