"""Answer a view over parsed resources, one at a time; the oracle of the SQL forms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Context, Decimal
from itertools import product
from typing import Any

from taihe.fhir import fhirpath
from taihe.fhir.fhirpath.elements import Element, Item, atom, of_resource, plain
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.views.definition import Column, Select, View
from taihe.kernel.errors import Incorrect, TaiheError

Row = dict[str, Any]
Rows = Callable[[Environment, list[Item]], list[Row]]
_DEEPEST = 10_000
MOST_DIGITS = 400
_WIDE = Context(prec=2 * MOST_DIGITS)


def shown(item: Item) -> Any:
    """
    An item as a cell holds it: as JSON has it, a reckoned decimal without final zeros.

    A decimal of the data keeps the digits it is written with.
    """
    value = plain(item)
    if isinstance(item, Decimal) and item.is_finite() and abs(item.adjusted()) < MOST_DIGITS:
        return Decimal(format(item.normalize(_WIDE), "f")) if item else Decimal(0)
    return value


@dataclass(frozen=True, slots=True)
class _Failed:
    """A cell that has no value; an error only where its row comes out."""

    error: TaiheError


def _cell(column: Column, compiled: fhirpath.Compiled, env: Environment, focus: list[Item]) -> Any:
    try:
        return _value(column, compiled.on(env, focus))
    except TaiheError as error:
        return _Failed(error)


def _value(column: Column, items: list[Item]) -> Any:
    values = [shown(item) for item in items]
    if column.collection:
        return values
    if len(values) > 1:
        raise Incorrect(
            f"The column {column.name} has {len(values)} values in one row.",
            "Use first(), forEach, or set collection.",
        )
    return values[0] if values else None


def _select(select: Select) -> Rows:
    columns = [(column, fhirpath.compile(column.path)) for column in select.columns]
    selects = [_select(inner) for inner in select.selects]
    unions = [_select(inner) for inner in select.unions]
    for_each = fhirpath.compile(select.for_each) if select.for_each else None
    repeat = [fhirpath.compile(path) for path in select.repeat]
    names = [column.name for column in select.all_columns()]
    blank: Row = dict.fromkeys(names)

    def nodes(env: Environment, focus: list[Item]) -> list[Item] | None:
        if for_each is not None:
            return for_each.on(env, focus)
        if repeat:
            return list(_repeated(env, focus, repeat))
        return None

    def one(env: Environment, focus: list[Item]) -> list[Row]:
        this, env.this = env.this, focus
        try:
            own = {column.name: _cell(column, compiled, env, focus) for column, compiled in columns}
            parts = [[own]] if columns else []
            parts += [inner(env, focus) for inner in selects]
            if unions:
                parts.append([row for inner in unions for row in inner(env, focus)])
        finally:
            env.this = this
        if len(parts) == 1:
            return parts[0]
        return [{k: v for part in rows for k, v in part.items()} for rows in product(*parts)]

    def rows(env: Environment, focus: list[Item]) -> list[Row]:
        items = nodes(env, focus)
        if items is None:
            return one(env, focus)
        if not items and select.or_null:
            return [dict(blank)]
        found: list[Row] = []
        outer = env.variables
        for index, item in enumerate(items):
            env.variables = {**outer, "rowIndex": [index]}
            found += one(env, [item])
            env.spend(1)
        env.variables = outer
        return found

    return rows


def _repeated(
    env: Environment, focus: list[Item], paths: list[fhirpath.Compiled]
) -> Iterator[Item]:
    """What the paths reach, again from each item reached, each before what is below it."""

    def below(items: list[Item]) -> Iterator[Item]:
        for path in paths:
            yield from path.on(env, items)

    stack = [below(focus)]
    while stack:
        for item in stack[-1]:
            env.spend(1)
            yield item
            if len(stack) >= _DEEPEST:
                raise fhirpath.ExecutionProblem(
                    f"repeat goes more than {_DEEPEST} levels deep.",
                    "Look for a path that leads back to where it begins.",
                )
            stack.append(below([item]))
            break
        else:
            stack.pop()


def _holds(items: list[Item], path: str) -> bool:
    if not items:
        return False
    value = atom(items[0])
    if len(items) > 1 or not isinstance(value, bool):
        raise Incorrect("A where of the view gives no boolean.", f"Compare something in {path!r}.")
    return value


def prepared(view: View) -> Callable[[dict[str, Any]], Iterator[Row]]:
    """The rows of a view for one resource; none for a resource of another type."""
    parts = [_select(select) for select in view.selects]
    where = [(path, fhirpath.compile(path)) for path in view.where]
    constants: dict[str, list[Item]] = {name: [value] for name, value in view.constants.items()}
    names = [column.name for column in view.columns()]

    def rows_of(resource: dict[str, Any]) -> Iterator[Row]:
        if resource.get("resourceType") != view.resource:
            return
        root: Element = of_resource(resource)
        env = Environment(root, {**constants, "context": [root], "rowIndex": [0]})
        focus: list[Item] = [root]
        if not all(_holds(compiled.on(env, focus), path) for path, compiled in where):
            return
        for rows in product(*(part(env, focus) for part in parts)):
            made = {k: v for row in rows for k, v in row.items()}
            for value in made.values():
                if type(value) is _Failed:
                    raise value.error
            yield {name: made.get(name) for name in names}

    return rows_of


def run(view: View, resources: Iterable[dict[str, Any]]) -> Iterator[Row]:
    """The rows of a view over resources; those of other types are passed over."""
    rows_of = prepared(view)
    for resource in resources:
        yield from rows_of(resource)
