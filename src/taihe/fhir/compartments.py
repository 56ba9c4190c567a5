"""Which patients a resource belongs to (https://hl7.org/fhir/R4/compartmentdefinition-patient.html)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from taihe.fhir import definitions
from taihe.fhir.search import IndexRow, extract, parameters


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
