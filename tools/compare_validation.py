"""
Show every seeded fault beside what fhir.resources says of it.

    python tools/compare_validation.py            writes docs/reference/generated/fhir_faults.md

It needs fhir.resources 8 (extra `bench`), whose models nearest to R4 are those of R4B. The
faults are those of `tests/spec/fhir/faults.py`; a test holds our half of the page.
"""

from __future__ import annotations

import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from taihe.fhir.validate import check  # noqa: E402
from tests.spec.fhir.faults import FAULTS, Fault  # noqa: E402

PAGE = ROOT / "docs" / "reference" / "generated" / "fhir_faults.md"
ACCEPTS = "accepts"


def ours(fault: Fault) -> tuple[str, str]:
    """Where we find a fault, and the sentence."""
    for issue in check(fault.resource(fault.wrong)):
        said = f"{issue.problem} {issue.do}".strip()
        if issue.location == fault.at and fault.says in said and issue.is_error:
            return issue.location or "(the resource)", said
    raise SystemExit(f"not found: {fault.kind}")


def ours_row(fault: Fault) -> str:
    """Our half of a row of the page."""
    place, said = ours(fault)
    return f"| {cell(fault.kind)} | `{place}` | {cell(said)} |"


def theirs(resource: dict[str, Any]) -> list[tuple[str, str]]:
    """What fhir.resources says: (location, message); nothing when it accepts the resource."""
    from fhir.resources.R4B import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
        get_fhir_model_class,
    )
    from pydantic import ValidationError

    kind = resource.get("resourceType")
    try:
        model = get_fhir_model_class(kind)
    except (ValueError, KeyError, TypeError) as error:
        return [("(the resource)", str(error).splitlines()[0])]
    try:
        model.model_validate(resource)
    except ValidationError as refused:
        return [(location(str(kind), one["loc"]), one["msg"]) for one in refused.errors()]
    except (ValueError, TypeError, KeyError, AttributeError, AssertionError) as error:
        return [("(no place)", f"{type(error).__name__}: {error}".splitlines()[0])]
    return []


def location(kind: str, steps: tuple[Any, ...]) -> str:
    """pydantic's path as FHIRPath would have it."""
    text = kind
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text


def plain_place(place: str) -> str:
    """A place without what only spells it another way: index, type of a choice, underscore."""
    for suffix in ("DateTime", "Quantity", "String", "Boolean", "CodeableConcept"):
        place = place.removesuffix(suffix)
    return place.replace("._", ".").replace("[0]", "").replace("[1]", "")


def near_to(place: str, wanted: str) -> bool:
    """Whether a place is the wanted one, below it, or the element that holds it."""
    return place.startswith(wanted) or place == (wanted.rpartition(".")[0] or "(the resource)")


def cell(text: str) -> str:
    """Text in a cell of a table."""
    shown = text if len(text) <= 160 else text[:157] + "…"
    shown = shown.encode("utf-8", "replace").decode("utf-8")
    for sign, written in (("|", "\\|"), ("\n", " "), ("<", "&lt;"), (">", "&gt;")):
        shown = shown.replace(sign, written)
    return shown


def main() -> int:
    """Write the page."""
    rows, accepted, elsewhere, refused_near = [], 0, 0, 0
    for fault in FAULTS:
        place = ours(fault)[0]
        answer = theirs(fault.resource(fault.wrong))
        if not answer:
            accepted += 1
            shown = ACCEPTS
        else:
            same = [a for a in answer if near_to(plain_place(a[0]), plain_place(place))]
            elsewhere += not same
            where, message = (same or answer)[0]
            shown = f"`{where}` {cell(message)}"
        near = "" if not theirs(fault.resource(fault.near)) else "refuses it"
        refused_near += bool(near)
        rows.append(f"{ours_row(fault)} {shown} | {near} |")
    total = len(FAULTS)
    versions = f"fhir.resources {metadata.version('fhir.resources')}, pydantic {metadata.version('pydantic')}"
    lines = [
        "# Seeded faults beside fhir.resources",
        "",
        f"{total} kinds of fault, each seeded into a valid resource, and a near miss beside each "
        "that is valid. Written by `tools/compare_validation.py` with "
        f"{versions} (models R4B, the nearest to R4 that it has) on Python {platform.python_version()}.",
        "",
        "| | Taihe | fhir.resources |",
        "|---|---|---|",
        f"| faults found | {total} | {total - accepted} |",
        f"| found at that place, below it or one element above | {total} | {total - accepted - elsewhere} |",
        f"| faults accepted | 0 | {accepted} |",
        f"| near misses refused | 0 | {refused_near} |",
        "",
        "fhir.resources checks no invariants, no value sets and no targets of references; "
        "the table says what that means for each kind.",
        "",
        "| fault | place | what we say | fhir.resources | near miss |",
        "|---|---|---|---|---|",
        *rows,
        "",
    ]
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text("\n".join(lines), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)}: {total} faults, fhir.resources accepts {accepted}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
