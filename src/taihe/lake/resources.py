"""
Resources as typed nested columns: one Parquet set for each resource type.

The columns are those that the data has, typed by the element table: booleans, whole numbers,
doubles, text; dates stay text since they may be partial. What repeats is a list. Contained
resources stay JSON. DuckDB, Spark and Polars read the files. Numbers are doubles, because
DuckDB's JSON reader has no other; the bodies in the record keep their digits.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from taihe.fhir import definitions, model
from taihe.kernel.errors import Incorrect
from taihe.lake.duck import connect
from taihe.lake.sets import MANIFEST, ParquetSet, Snapshot

Structure = Any  # what json_group_structure() gives: a type's name, an object, or a list of one
_LARGEST_LINE = 268435456


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


def _typed(structure: Structure, field: model.Field) -> str:
    """The DuckDB type of a field for what its data looks like."""
    many = "[]" if field.many else ""
    inner = structure[0] if isinstance(structure, list) and structure else structure
    if field.type == "Resource" or not isinstance(inner, dict) or not inner:
        return _leaf(field.type) + many
    return _struct(inner, field.place) + many


def _columns(structure: dict[str, Structure], place: str) -> Iterator[tuple[str, str]]:
    fields = model.fields(place)
    for key, inner in structure.items():
        field = fields.get(key)
        if field is not None:
            yield key, _typed(inner, field)
            continue
        base = fields.get(key[1:]) if key.startswith("_") else None
        if base is not None:
            one = inner[0] if isinstance(inner, list) and inner else inner
            kind = _struct(one, "Element") if isinstance(one, dict) and one else "JSON"
            yield key, kind + ("[]" if base.many else "")


def _struct(structure: dict[str, Structure], place: str) -> str:
    parts = [f"{_quoted(key)} {kind}" for key, kind in _columns(structure, place)]
    return f"STRUCT({', '.join(parts)})" if parts else "JSON"


def _sniffed(connection: Any, paths: str) -> dict[str, Structure]:
    """The nested keys of files that hold one type: DuckDB's own reading of every line."""
    relation = connection.sql(
        f"SELECT * FROM read_json([{paths}], format='newline_delimited', sample_size=-1, "
        f"maximum_depth=-1, map_inference_threshold=-1, field_appearance_threshold=0, "
        f"maximum_object_size={_LARGEST_LINE})"
    )
    return {name: _names(kind) for name, kind in zip(relation.columns, relation.types, strict=True)}


def resource_columns(connection: Any, files: list[Path], resource: str) -> dict[str, str]:
    """The columns that the resources of a type in NDJSON files need."""
    paths = ", ".join(_text(str(file)) for file in files)
    structure: Structure
    if all(file.name.startswith(f"{resource}.") for file in files):
        structure = _sniffed(connection, paths)
    else:
        found = connection.execute(
            f"SELECT json_group_structure(json) FROM read_ndjson_objects([{paths}], "
            f"maximum_object_size={_LARGEST_LINE}) WHERE json->>'resourceType' = {_text(resource)}"
        ).fetchone()
        structure = json.loads(found[0]) if found and found[0] else None
    if not isinstance(structure, dict) or not structure:
        raise Incorrect(f"There is no {resource} in these files.", "Check the folder.")
    structure.pop("resourceType", None)
    return {"resourceType": "VARCHAR", **dict(_columns(structure, resource))}


def write_resources(files: list[Path], resource: str, lake: Path) -> Snapshot:
    """Write the resources of a type as a Parquet set in `lake/<Type>`, in one commit."""
    if resource not in definitions.resource_types():
        raise Incorrect(f"{resource} is no R4 resource type.", "Check its name.")
    connection = connect()
    columns = resource_columns(connection, files, resource)
    types = ", ".join(f"{_text(key)}: {_text(kind)}" for key, kind in columns.items())
    paths = ", ".join(_text(str(file)) for file in files)
    select = (
        f"SELECT * FROM read_json([{paths}], format='newline_delimited', "
        f"maximum_object_size={_LARGEST_LINE}, columns={{{types}}}) "
        f'WHERE "resourceType" = {_text(resource)}'
    )
    return ParquetSet(lake / resource, list(columns.items())).replace(connection, select)


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
