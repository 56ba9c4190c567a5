"""Reading StructureDefinitions as they are: addresses, lists, the ids of elements."""

from __future__ import annotations

from typing import Any

from taihe.kernel.errors import Incorrect

CORE = "http://hl7.org/fhir/StructureDefinition/"
Raw = dict[str, Any]


def canonical(url: Any) -> str:
    """An address without its version."""
    return str(url).partition("|")[0]


def addresses(urls: Any) -> tuple[str, ...]:
    """A list of addresses without their versions."""
    return tuple(canonical(url) for url in urls) if isinstance(urls, list) else ()


def flat_enough(value: Any, most: int = 50) -> bool:
    """Whether JSON is nested no deeper than some levels."""
    level = [value]
    for _ in range(most):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return True
    return False


def wrong(name: str, problem: str, do: str = "") -> Incorrect:
    """The error that a profile cannot be used."""
    return Incorrect(f"The profile {name} {problem}", do)


def name_of(raw: Raw) -> str:
    """What a person calls a profile."""
    return str(raw.get("name") or raw.get("id") or "?")[:80]


def listed(holder: Any, key: str) -> list[Raw]:
    """The objects of a list; nothing when there is no such list."""
    found = holder.get(key) if isinstance(holder, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def type_code(one: Raw) -> str:
    """The FHIR type of `ElementDefinition.type`: ids are declared as System.String."""
    kind = str(one.get("code", "")).rpartition("/")[2]
    return "string" if kind.startswith("System.") else kind


def type_codes(says: Raw) -> list[str]:
    """The types of an element definition."""
    return [type_code(one) for one in listed(says, "type")]


def ids(elements: list[Raw]) -> list[str]:
    """
    The id of each element, with slices as `name:slice`.

    Ids that are not given follow from paths and slice names: an element below a path is in
    the slice that was named last for that path.
    """
    found: list[str] = []
    slices: dict[str, str] = {}
    for element in elements:
        path, name = str(element.get("path", "")), element.get("sliceName")
        given = element.get("id")
        below = path + "."
        slices = {p: s for p, s in slices.items() if p != path and not p.startswith(below)}
        if isinstance(name, str) and name:
            slices[path] = name
        if isinstance(given, str) and given.count(".") == path.count("."):
            found.append(given)
            for at, step in enumerate(given.split("."), 1):
                if ":" in step:
                    slices[".".join(path.split(".")[:at])] = step.partition(":")[2]
            continue
        steps = path.split(".")
        marked = []
        for at, step in enumerate(steps, 1):
            one = slices.get(".".join(steps[:at]))
            marked.append(f"{step}:{one}" if one else step)
        found.append(".".join(marked))
    return found
