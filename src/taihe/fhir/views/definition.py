"""Reading a ViewDefinition, with or without resourceType, into frozen objects."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from taihe.fhir import definitions, fhirpath, model
from taihe.fhir.fhirpath.elements import Element
from taihe.kernel.errors import Incorrect

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}")
_SQL_TYPE = re.compile(
    r"(?P<text>(CHARACTER VARYING|CHARACTER LARGE OBJECT|CHARACTER|VARCHAR|CHAR|CLOB|TEXT)"
    r"( ?\(\d+\))?)|BOOLEAN|SMALLINT|INTEGER|INT|BIGINT|REAL|FLOAT( ?\(\d+\))?|"
    r"DOUBLE( PRECISION)?|(DECIMAL|NUMERIC)( ?\( ?\d{1,2} ?(, ?\d{1,2} ?)?\))?|DATE|TIME|"
    r"TIMESTAMP( WITH TIME ZONE| WITHOUT TIME ZONE)?"
)
DEEPEST = 30


@dataclass(frozen=True, slots=True)
class Column:
    """
    One column: `collection` columns hold a list; `type` is "" when not given.

    `sql_type` is what a tag `ansi/type` asks for in typed tables, in DuckDB's words.
    """

    name: str
    path: str
    type: str
    collection: bool
    description: str = ""
    sql_type: str = ""


@dataclass(frozen=True, slots=True)
class Select:
    """
    One select: rows for each item of `for_each`, or for the focus itself when it is "".

    `or_null` keeps one row of nulls where there is no item; `repeat` are the paths followed
    again and again. `columns`, `selects` and `unions` multiply.
    """

    for_each: str
    or_null: bool
    repeat: tuple[str, ...]
    columns: tuple[Column, ...]
    selects: tuple[Select, ...]
    unions: tuple[Select, ...]

    def all_columns(self) -> tuple[Column, ...]:
        """The columns of its rows, in order."""
        found = list(self.columns)
        for select in self.selects:
            found += select.all_columns()
        if self.unions:
            found += self.unions[0].all_columns()
        return tuple(found)


@dataclass(frozen=True, slots=True)
class View:
    """A ViewDefinition that has been checked: `constants` are FHIR elements by name."""

    resource: str
    name: str
    selects: tuple[Select, ...]
    where: tuple[str, ...]
    constants: dict[str, Element]

    def columns(self) -> tuple[Column, ...]:
        """The columns of the view, in order."""
        return tuple(column for select in self.selects for column in select.all_columns())


def _wrong(problem: str, do: str = "") -> Incorrect:
    return Incorrect(f"The view is wrong: {problem}", do)


def _list(holder: dict[str, Any], key: str) -> list[dict[str, Any]]:
    value = holder.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise _wrong(f"{key} is no list of objects.")
    return value


def _path(value: Any, key: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _wrong(f"{key} is no FHIRPath expression.", "Write it as text.")
    fhirpath.compile(value)
    return value


def _column(raw: dict[str, Any]) -> Column:
    name = raw.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _wrong("a column has no usable name.", "Use letters, digits and _.")
    kind = raw.get("type", "")
    if not isinstance(kind, str):
        raise _wrong(f"the type of column {name} is no text.")
    return Column(
        name,
        _path(raw.get("path"), f"the path of column {name}"),
        kind.removeprefix("http://hl7.org/fhir/StructureDefinition/"),
        raw.get("collection") is True,
        str(raw.get("description", "")),
        _sql_type(raw, name),
    )


def _sql_type(raw: dict[str, Any], name: str) -> str:
    """What a tag `ansi/type` asks for; other tags count for nothing."""
    for tag in _list(raw, "tag"):
        if tag.get("name") == "ansi/type":
            wanted = " ".join(str(tag.get("value", "")).upper().split())
            found = _SQL_TYPE.fullmatch(wanted)
            if found is None:
                raise _wrong(
                    f"the ansi/type of column {name} is not known.",
                    "Use a type like VARCHAR, INTEGER, DECIMAL(10,2), DATE or TIMESTAMP.",
                )
            if found["text"]:
                return "VARCHAR"
            return wanted.replace("DOUBLE PRECISION", "DOUBLE").replace("NUMERIC", "DECIMAL")
    return ""


def _select(raw: dict[str, Any], depth: int) -> Select:
    if depth > DEEPEST:
        raise _wrong("its selects are nested too deep.")
    steps = [key for key in ("forEach", "forEachOrNull", "repeat") if key in raw]
    if len(steps) > 1:
        raise _wrong(f"a select has {' and '.join(steps)}.", "Keep one of them.")
    step = steps[0] if steps else ""
    repeat: tuple[str, ...] = ()
    for_each = ""
    if step == "repeat":
        listed = raw["repeat"]
        if not isinstance(listed, list) or not listed:
            raise _wrong("repeat is no list of paths.")
        repeat = tuple(_path(one, "repeat") for one in listed)
    elif step:
        for_each = _path(raw[step], step)
    unions = tuple(_select(one, depth + 1) for one in _list(raw, "unionAll"))
    select = Select(
        for_each,
        step == "forEachOrNull",
        repeat,
        tuple(_column(one) for one in _list(raw, "column")),
        tuple(_select(one, depth + 1) for one in _list(raw, "select")),
        unions,
    )
    if not (select.columns or select.selects or unions):
        raise _wrong("a select selects nothing.", "Give it column, select or unionAll.")
    names = [[(c.name, c.collection) for c in union.all_columns()] for union in unions]
    if any(listed != names[0] for listed in names):
        raise _wrong("the branches of unionAll have different columns.", "Name them alike.")
    return select


def _constant(raw: dict[str, Any]) -> tuple[str, Element]:
    name = raw.get("name")
    values = [key for key in raw if key.startswith("value")]
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(values) != 1:
        raise _wrong("a constant has no name or not exactly one value.", "Write name and valueX.")
    by_key = {
        "value" + kind[0].upper() + kind[1:]: kind
        for kind, row in definitions.types().items()
        if row.kind == "primitive"
    }
    kind = by_key.get(values[0])
    if kind is None or raw[values[0]] is None:
        raise _wrong(f"the constant {name} has no primitive value.", "Use a primitive type.")
    return name, Element(raw[values[0]], kind, kind)


def read_view(raw: Any) -> View:
    """
    Read and check a ViewDefinition.

    Raises Incorrect, or an error of FHIRPath for a path that cannot be right.
    """
    if not isinstance(raw, dict):
        raise _wrong("it is no JSON object.")
    if raw.get("resourceType", "ViewDefinition") != "ViewDefinition":
        raise _wrong("its resourceType is not ViewDefinition.", "Leave it out, or correct it.")
    resource = raw.get("resource")
    if not isinstance(resource, str) or model.kind(resource) != "resource":
        raise _wrong("it does not say which resource it is over.", "Set resource to an R4 type.")
    selects = tuple(_select(one, 0) for one in _list(raw, "select"))
    if not selects:
        raise _wrong("it selects nothing.", "Add select with columns.")
    listed = [_constant(one) for one in _list(raw, "constant")]
    constants = dict(listed)
    if len(constants) < len(listed):
        raise _wrong("two constants have the same name.", "Rename one.")
    where = tuple(_path(one.get("path"), "where") for one in _list(raw, "where"))
    view = View(resource, str(raw.get("name", "")), selects, where, constants)
    seen: set[str] = set()
    for column in view.columns():
        if column.name in seen:
            raise _wrong(f"two columns are called {column.name}.", "Rename one.")
        seen.add(column.name)
    _check_variables(view)
    return view


def _check_variables(view: View) -> None:
    """Every %name of a path is a constant or known to FHIRPath."""
    known = {*view.constants, "resource", "rootResource", "context", "rowIndex",
             "sct", "loinc", "ucum"}  # fmt: skip
    for path in _paths(view):
        for name in fhirpath.variables_of(fhirpath.parse(path)):
            if name not in known and not name.startswith(("vs-", "ext-")):
                raise _wrong(f"%{name} is not defined.", "Add it to constant.")


def _paths(view: View) -> list[str]:
    found = list(view.where)
    stack = list(view.selects)
    while stack:
        select = stack.pop()
        found += [c.path for c in select.columns] + list(select.repeat)
        found += [select.for_each] if select.for_each else []
        stack += [*select.selects, *select.unions]
    return found
