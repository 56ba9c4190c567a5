"""
Resources as typed nested columns: one Parquet set for each resource type.

The columns are those that the data has, typed by the element table: booleans, whole numbers,
doubles, text; dates stay text since they may be partial. What repeats is a list. Contained
resources stay JSON, and so does what lies deeper than `DEEPEST` levels. The extensions and ids
of primitives are columns under their JSON key (`_birthDate`).

A decimal is two columns: `value`, a double to reckon with, and `value_exact`, the text as it
was written (1.50 is not 1.5 in FHIR, and no DECIMAL(p, s) holds every FHIR decimal). DuckDB's
JSON reader loses digits, so each number is copied as text beside itself before JSON is read.
The three decimals of R4 that repeat (in MolecularSequence.quality.roc) are doubles only.
DuckDB, Spark and Polars read the files.

A big set has a part for each year of the resources' main date (`times`), and its manifest says
which.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from taihe.fhir import definitions, model
from taihe.fhir.views import lines_of
from taihe.kernel.errors import Busy, Incorrect
from taihe.lake.duck import connect
from taihe.lake.sets import MANIFEST, ParquetSet, Snapshot
from taihe.lake.times import year_of

Structure = Any  # what json_group_structure() gives: a type's name, an object, or a list of one
Shape = Any  # a column's type: a name, an object of shapes, or a list of one shape
_LARGEST_LINE = 268435456
DEEPEST = 16
EXACT = "_exact"
BIG = 512_000_000
"""From how many bytes of NDJSON on a set has a part for each year."""

# After a key. No text inside a string is taken: a quote in a string is escaped, so a name there
# ends in a backslash, and what follows a closing quote is never a letter.
_NUMBER = r"\s*:\s*(-?[0-9][0-9.eE+-]*)"


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _leaf(type_name: str) -> str:
    if type_name == "boolean":
        return "BOOLEAN"
    if type_name in ("integer", "positiveInt", "unsignedInt"):
        return "BIGINT"
    if type_name == "decimal":
        return "DOUBLE"
    return "VARCHAR" if model.kind(type_name) == "primitive" else "JSON"


_NUMBERS = frozenset(
    ("tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint", "uinteger",
     "ubigint", "uhugeint")
)  # fmt: skip
_FIT = {
    "BOOLEAN": frozenset(("boolean",)),
    "BIGINT": _NUMBERS,
    "DOUBLE": _NUMBERS | {"double", "float", "decimal"},
}


def _refuse(field: model.Field) -> Incorrect:
    return Incorrect(
        f"The resources cannot be written: some {field.path} is not as FHIR has it.",
        "Run validate on the files and correct what it finds.",
    )


def _shape(structure: Structure, field: model.Field, depth: int) -> Shape:
    """
    The shape of a field for what its data looks like.

    Raises Incorrect where the data does not fit it, since a lenient reader would lose it.
    """
    inner = structure
    if field.many:
        if not isinstance(structure, list):
            raise _refuse(field)
        inner = structure[0] if structure else {}
    shape: Shape = _leaf(field.type)
    if field.type == "Resource":
        return [shape] if field.many else shape
    found = "list" if isinstance(inner, list) else "struct" if isinstance(inner, dict) else inner
    if shape == "JSON":
        if found != "struct" and found != "null":
            raise _refuse(field)
        if isinstance(inner, dict) and inner:
            shape = _object(inner, field.place, depth)
    elif found in ("list", "struct") or found not in _FIT.get(str(shape), (found,)):
        raise _refuse(field)
    return [shape] if field.many else shape


def _shapes(structure: dict[str, Structure], place: str, depth: int) -> Iterator[tuple[str, Shape]]:
    fields = model.fields(place)
    for key, inner in structure.items():
        field = fields.get(key)
        if field is not None:
            yield key, _shape(inner, field, depth)
            if field.type == "decimal" and not field.many:
                yield key + EXACT, "VARCHAR"
            continue
        base = fields.get(key[1:]) if key.startswith("_") else None
        if base is not None:
            one = inner[0] if isinstance(inner, list) and inner else inner
            kind = _object(one, "Element", depth) if isinstance(one, dict) and one else "JSON"
            yield key, [kind] if base.many else kind


def _object(structure: dict[str, Structure], place: str, depth: int) -> Shape:
    return (depth < DEEPEST and dict(_shapes(structure, place, depth + 1))) or "JSON"


def _ddl(shape: Shape) -> str:
    """A shape as DuckDB writes the type."""
    if isinstance(shape, list):
        return _ddl(shape[0]) + "[]"
    if isinstance(shape, dict):
        return f"STRUCT({', '.join(f'{_quoted(key)} {_ddl(one)}' for key, one in shape.items())})"
    return str(shape)


def _decimals(shape: Shape) -> set[str]:
    """The keys of the decimals that are kept as text, too."""
    if isinstance(shape, list):
        return _decimals(shape[0])
    if not isinstance(shape, dict):
        return set()
    found = {key.removesuffix(EXACT) for key in shape if key.endswith(EXACT)}
    return found.union(*(_decimals(one) for one in shape.values()))


def _with_digits(keys: list[str]) -> str:
    """Each line with the digits of its decimals as text beside them, in SQL."""
    if len(keys) == 1:  # a pattern that begins with plain letters is found faster
        pattern, beside = f'"{keys[0]}"{_NUMBER}', rf'"{keys[0]}":\1,"{keys[0]}{EXACT}":"\1"'
    else:
        pattern, beside = f'"({"|".join(keys)})"{_NUMBER}', rf'"\1":\2,"\1{EXACT}":"\2"'
    return f"regexp_replace(json::VARCHAR, {_text(pattern)}, {_text(beside)}, 'g')"


def _sniffed(connection: Any, paths: str) -> dict[str, Structure]:
    """The nested keys of files that hold one type: DuckDB's own reading of every line."""
    relation = connection.sql(
        f"SELECT * FROM read_json([{paths}], format='newline_delimited', sample_size=-1, "
        f"maximum_depth=-1, map_inference_threshold=-1, field_appearance_threshold=0, "
        f"maximum_object_size={_LARGEST_LINE})"
    )
    return {n: _structure(kind) for n, kind in zip(relation.columns, relation.types, strict=True)}


def _structure(kind: Any) -> Structure:
    """A DuckDB type as a structure, with the names that json_group_structure() gives."""
    if kind.id == "list":
        return [_structure(kind.children[0][1])]
    if kind.id == "struct":
        return {name: _structure(inner) for name, inner in kind.children}
    return kind.id


def _lower(structure: Structure) -> Structure:
    if isinstance(structure, dict):
        return {key: _lower(inner) for key, inner in structure.items()}
    if isinstance(structure, list):
        return [_lower(inner) for inner in structure]
    return str(structure).lower()


def resource_shapes(connection: Any, files: list[Path], resource: str) -> dict[str, Shape]:
    """The columns that the resources of a type in NDJSON files need, with their shapes."""
    paths = ", ".join(_text(str(file)) for file in files)
    structure: Structure
    if _is_pure(files, resource):
        structure = _sniffed(connection, paths)
    else:
        found = connection.execute(
            f"SELECT json_group_structure(json) FROM read_ndjson_objects([{paths}], "
            f"maximum_object_size={_LARGEST_LINE}) WHERE json->>'resourceType' = {_text(resource)}"
        ).fetchone()
        structure = _lower(json.loads(found[0])) if found and found[0] else None
    if not isinstance(structure, dict) or not structure:
        raise Incorrect(f"There is no {resource} in these files.", "Check the folder.")
    structure.pop("resourceType", None)
    return {"resourceType": "VARCHAR", **dict(_shapes(structure, resource, 1))}


def _is_pure(files: list[Path], resource: str) -> bool:
    """Whether the files hold one type only: their names begin with it."""
    return all(file.name.startswith(f"{resource}.") for file in files)


def _select(shapes: dict[str, Shape], files: list[Path], resource: str) -> str:
    """The query that reads NDJSON in these shapes; numbers keep their digits as text beside."""
    decimals = sorted(_decimals(shapes))
    if not decimals and _is_pure(files, resource):
        paths = ", ".join(_text(str(file)) for file in files)
        types = ", ".join(f"{_text(key)}: {_text(_ddl(one))}" for key, one in shapes.items())
        return (
            f"SELECT * FROM read_json([{paths}], format='newline_delimited', "
            f"maximum_object_size={_LARGEST_LINE}, columns={{{types}}}) "
            f'WHERE "resourceType" = {_text(resource)}'
        )
    line = _with_digits(decimals) if decimals else "json"
    lines = lines_of([str(file) for file in files], resource)
    return (
        f"SELECT unnest(r) FROM (SELECT json_transform({line}, {_text(json.dumps(shapes))}) AS r "
        f"FROM ({lines}))"
    )


def _size(files: list[Path]) -> int:
    """The bytes of files, about as they are unpacked."""
    return sum(file.stat().st_size * (10 if file.suffix == ".gz" else 1) for file in files)


def write_resources(
    files: list[Path], resource: str, lake: Path, *, by_year: bool | None = None
) -> Snapshot:
    """
    Write the resources of a type as a Parquet set in `lake/<Type>`, in one commit.

    `by_year` makes a part for each year of their main date; without it a set that is big
    enough for that is parted so.
    """
    if resource not in definitions.resource_types():
        raise Incorrect(f"{resource} is no R4 resource type.", "Check its name.")
    connection = connect()
    connection.execute("SET preserve_insertion_order = false")  # else all of it waits in memory
    try:
        shapes = resource_shapes(connection, files, resource)
        columns = [(key, _ddl(shape)) for key, shape in shapes.items()]
        select = _select(shapes, files, resource)
        written = ParquetSet(lake / resource, columns)
        year = year_of(shapes)
        if year and (_size(files) >= BIG if by_year is None else by_year):
            return written.replace_by(connection, select, year)
        return written.replace(connection, select)
    except duckdb.OutOfMemoryException:
        raise Busy(f"The {resource} resources need more memory.", "Write fewer files.") from None
    except duckdb.Error as error:
        first = str(error).splitlines()[0]
        raise Incorrect(
            f"The {resource} resources cannot be written: {_place(first)}",
            "Run validate on the files and correct what it finds.",
        ) from None


def _place(said: str) -> str:
    """Where a reader stopped, without what it read there."""
    line = re.search(r"line (\d+)", said)
    return f"the JSON at line {line[1]} does not fit." if line else "their JSON does not fit."


def is_lake(folder: Path, resource: str) -> bool:
    """Whether a folder holds the Parquet set of a type."""
    return (folder / resource / MANIFEST).is_file()


def snapshot(lake: Path, resource: str) -> Snapshot:
    """The Parquet set of a type as it is now."""
    return ParquetSet(lake / resource, []).snapshot()


def available(connection: Any, found: Snapshot) -> dict[str, Any]:
    """The columns of a set as nested names, for the writer of view queries."""
    relation = found.relation(connection)
    return {name: _names(kind) for name, kind in zip(relation.columns, relation.types, strict=True)}


def _names(kind: Any) -> dict[str, Any]:
    if kind.id == "list":
        return _names(kind.children[0][1])
    if kind.id == "struct":
        return {name: _names(inner) for name, inner in kind.children}
    return {}
