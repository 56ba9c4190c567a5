"""
Index rows of a resource, from the published search expressions.

The plan of a type is written out as one Python function, once per process: every JSON path
is walked once, however many parameters use it. `tests/oracle` holds a slow twin that walks
the expression trees instead.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from taihe.fhir import definitions, model
from taihe.fhir.search import rows as row_module
from taihe.fhir.search.parameters import Parameter
from taihe.fhir.search.plan import Branch, Leaf, Plan, Step, make_plan, tree_of
from taihe.fhir.search.rows import (
    Add,
    IndexRow,
    address_texts,
    canonical_target,
    codeable_concept_more,
    coding_more,
    exact,
    identifier_more,
    money_row,
    name_spellings,
    period_bounds,
    period_of,
    quantity_rows,
    range_row,
    reference_more,
    reference_target,
    split_reference,
    timing_bounds,
)
from taihe.kernel.errors import Incorrect

Extractor = Callable[[dict[str, Any], Add], None]

_TEXT_TYPES = frozenset(
    ("string", "markdown", "code", "id", "uri", "url", "canonical", "oid", "uuid", "xhtml")
)
_DATE_TYPES = frozenset(("date", "dateTime", "instant"))
_NUMBER_TYPES = frozenset(("decimal", "integer", "positiveInt", "unsignedInt"))


def date_row(number: int, span: tuple[int, int] | None, add: Add) -> None:
    """Add the row of a period, if there is one."""
    if span is not None:
        add(IndexRow(number, "date", "", "", *span))


def extension_values(extension: dict[str, Any]) -> list[tuple[str, Any]]:
    """The value of an extension with its FHIR type."""
    fields = model.fields("Extension")
    return [
        (fields[key].type, value)
        for key, value in extension.items()
        if key.startswith("value") and key in fields and value is not None
    ]


def extension_rows(number: int, kind: str, extension: dict[str, Any], add: Add) -> None:
    """Add the rows of an extension's value, as far as its type fits the parameter's kind."""
    for type_name, value in extension_values(extension):
        value_rows(number, kind, type_name, value, add)


def value_rows(number: int, kind: str, type_name: str, value: Any, add: Add) -> None:
    """Add the rows of one value of a known type; the plain form of what is generated."""
    _value_function(kind, type_name)(number, value, add)


@cache
def _value_function(kind: str, type_name: str) -> Callable[[int, Any, Add], None]:
    writer = _Writer()
    writer.line("def f(n, v, add):")
    writer.indent += 1
    leaf = Leaf(Parameter(0, "", "", kind, "", (), ()), type_name, "")
    writer.leaf(leaf, "v", number="n")
    writer.line("return")
    function: Callable[[int, Any, Add], None] = writer.function("f")
    return function


def item_of(holder: Any, key: str, position: int) -> Any:
    """One element of a list in JSON, or None."""
    listed = holder.get(key) or ()
    return listed[position] if position < len(listed) else None


def targets(reference: dict[str, Any], wanted: str, resource: dict[str, Any]) -> bool:
    """Whether `resolve() is wanted`, decided from the reference's text or its `type`."""
    text = reference.get("reference") or ""
    if text.startswith("#"):
        for contained in resource.get("contained") or ():
            if contained.get("id") == text[1:]:
                return bool(contained.get("resourceType") == wanted)
        return False
    return reference_target(reference)[0] == wanted


class _Writer:
    """Writes Python lines; one variable for each level of the tree."""

    def __init__(self, *, only_more: bool = False) -> None:
        self.lines: list[str] = []
        self.only_more = only_more
        self.indent = 0
        self.names = 0

    def line(self, text: str) -> None:
        self.lines.append("    " * self.indent + text)

    def name(self) -> str:
        self.names += 1
        return f"v{self.names}"

    def function(self, name: str) -> Any:
        space: dict[str, Any] = {
            "IndexRow": IndexRow,
            "new": tuple.__new__,
            "address_texts": address_texts,
            "canonical_target": canonical_target,
            "codeableconcept_more": codeable_concept_more,
            "coding_more": coding_more,
            "identifier_more": identifier_more,
            "reference_more": reference_more,
            "date_row": date_row,
            "extension_rows": extension_rows,
            "exact": exact,
            "item_of": item_of,
            "money_row": money_row,
            "name_spellings": name_spellings,
            "period_bounds": period_bounds,
            "period_of": period_of,
            "quantity_rows": quantity_rows,
            "range_row": range_row,
            "split_reference": split_reference,
            "reference_target": reference_target,
            "targets": targets,
            "timing_bounds": timing_bounds,
            "rows": row_module,
        }
        # The text is made from HL7's definitions that ship with the library, never from input.
        exec(compile("\n".join(self.lines), "<fhir index>", "exec"), space)  # noqa: S102
        return space[name]

    def branch(self, branch: Branch, value: str, add: str = "add") -> None:
        """Everything at and below a place; `value` is the variable that holds it."""
        for leaf in branch.leaves:
            self.leaf(leaf, value, add)
        for step, onwards in branch.onwards.items():
            self.step(step, onwards, value, add)

    def step(self, step: Step, onwards: Branch, value: str, add: str) -> None:
        """One step and what follows it; nothing is written where nothing is indexed."""
        begin = len(self.lines)
        depth = self.indent
        header = self.enter(step, value)
        body = len(self.lines)
        self.branch(onwards, header, add)
        if len(self.lines) == body:
            del self.lines[begin:]
        self.indent = depth

    def enter(self, step: Step, value: str) -> str:
        """The lines that lead to where a step ends; returns the variable that holds it."""
        if step.action == "field":
            inner = self.name()
            self.line(f"{inner} = {value}.get({step.key!r})")
            self.line(f"if {inner} is not None:")
            self.indent += 1
            if step.many:
                one = self.name()
                self.line(f"for {one} in {inner}:")
                self.indent += 1
                if step.primitive:
                    self.line(f"if {one} is None: continue")
                return one
            return inner
        if step.action == "item":
            inner = self.name()
            self.line(f"{inner} = item_of({value}, {step.key!r}, {step.position})")
            self.line(f"if {inner} is not None:")
            self.indent += 1
            return inner
        if step.action == "extension":
            inner = self.name()
            self.line(f"for {inner} in {value}.get('extension') or ():")
            self.indent += 1
            self.line(f"if {inner}.get('url') == {step.text!r}:")
            self.indent += 1
            return inner
        if step.action == "target":
            self.line(f"if targets({value}, {step.text!r}, r):")
        elif step.action == "equals":
            self.line(f"if {value}.get({step.key!r}) == {step.text!r}:")
        else:
            found = f"any(e.get('url') == {step.text!r} for e in {value}.get('extension') or ())"
            self.line(f"if {found}:")
        self.indent += 1
        return value

    def row(self, kind: str, number: str, add: str, system: str, code: str) -> None:
        self.line(f"{add}(new(IndexRow, ({number}, {kind!r}, {system}, {code}, None, None, ())))")

    def span(self, kind: str, number: str, add: str, span: str) -> None:
        inner = self.name()
        self.line(f"{inner} = {span}")
        self.line(f"if {inner} is not None:")
        self.line(
            f"    {add}(new(IndexRow, ({number}, {kind!r}, '', '', {inner}[0], {inner}[1], ())))"
        )

    def leaf(self, leaf: Leaf, value: str, add: str = "add", number: str = "") -> None:
        number = number or str(leaf.parameter.number)
        kind, type_name = leaf.parameter.kind, leaf.type
        if self.only_more:
            self.more(leaf, value, number, add)
            return
        if type_name == "Extension" and kind != "composite":
            self.line(f"extension_rows({number}, {kind!r}, {value}, {add})")
            return
        writers: dict[str, Callable[[Leaf, str, str, str], None]] = {
            "token": self.token,
            "string": self.string,
            "date": self.date,
            "reference": self.reference,
            "number": self.number_or_quantity,
            "quantity": self.number_or_quantity,
            "uri": self.uri,
            "special": self.special,
            "composite": self.composite,
        }
        writers[kind](leaf, value, number, add)

    def more(self, leaf: Leaf, value: str, number: str, add: str) -> None:
        """The rows that only the modifiers :text, :of-type and :identifier need."""
        kind, type_name = leaf.parameter.kind, leaf.type
        if kind == "token" and type_name in ("CodeableConcept", "Coding", "Identifier"):
            self.line(f"{type_name.lower()}_more({number}, {value}, {add})")
        elif kind == "reference" and type_name == "Reference":
            self.line(f"reference_more({number}, {value}, {add})")

    def token(self, leaf: Leaf, value: str, number: str, add: str) -> None:
        depth = self.indent
        type_name = leaf.type
        if type_name in ("CodeableConcept", "Coding"):
            coding = value
            if type_name == "CodeableConcept":
                coding = self.name()
                self.line(f"for {coding} in {value}.get('coding') or ():")
                self.indent += 1
            code, system = self.name(), self.name()
            self.line(f"{code} = {coding}.get('code'); {system} = {coding}.get('system')")
            self.line(f"if {code} or {system}:")
            self.indent += 1
            self.row("token", number, add, f"{system} or ''", f"{code} or ''")
        elif type_name == "Identifier":
            code = self.name()
            self.line(f"{code} = {value}.get('value')")
            self.line(f"if {code}:")
            self.indent += 1
            self.row("token", number, add, f"{value}.get('system') or ''", code)
        elif type_name == "ContactPoint":
            code = self.name()
            self.line(f"{code} = {value}.get('value')")
            self.line(f"if {code}:")
            self.indent += 1
            self.row("token", number, add, "''", code)
        elif type_name == "boolean":
            self.row("token", number, add, "''", f"'true' if {value} else 'false'")
        elif type_name in _TEXT_TYPES:
            self.row("token", number, add, repr(leaf.system), value)
        elif type_name in _DATE_TYPES or type_name in _NUMBER_TYPES:
            self.row("token", number, add, "''", f"str({value})")
        self.indent = depth

    def string(self, leaf: Leaf, value: str, number: str, add: str) -> None:
        depth = self.indent
        type_name = leaf.type
        several = {
            "HumanName": f"name_spellings({value})",
            "Address": f"address_texts({value})",
            "CodeableConcept": (
                f"[{value}.get('text')] + [c.get('display') for c in {value}.get('coding') or ()]"
            ),
            "Coding": f"[{value}.get('display')]",
            "ContactPoint": f"[{value}.get('value')]",
            "Identifier": f"[{value}.get('value')]",
            "Reference": f"[{value}.get('display')]",
            "Annotation": f"[{value}.get('text')]",
        }
        if type_name in several:
            text = self.name()
            self.line(f"for {text} in {several[type_name]}:")
            self.line(f"    if not {text}: continue")
            self.indent += 1
            self.row("string", number, add, "''", text)
        elif type_name in _TEXT_TYPES:
            self.row("string", number, add, "''", value)
        self.indent = depth

    def date(self, leaf: Leaf, value: str, number: str, add: str) -> None:
        if leaf.type in _DATE_TYPES:
            self.span("date", number, add, f"period_of({value})")
        elif leaf.type == "Period":
            self.span("date", number, add, f"period_bounds({value})")
        elif leaf.type == "Timing":
            self.span("date", number, add, f"timing_bounds({value})")

    def reference(self, leaf: Leaf, value: str, number: str, add: str) -> None:
        depth = self.indent
        if leaf.type == "Reference":
            target = self.name()
            self.line(f"{target} = reference_target({value})")
            self.line(f"if {target}[1]:")
            self.indent += 1
            self.row("reference", number, add, f"{target}[0]", f"{target}[1]")
        elif leaf.type in ("canonical", "uri", "url"):
            target = self.name()
            self.line(f"{target} = canonical_target({value})")
            self.line(f"if {target}[1]:")
            self.indent += 1
            self.row("reference", number, add, f"{target}[0]", f"{target}[1]")
        elif model.kind(leaf.type) == "resource":
            self.line(f"if {value}.get('id'):")
            self.indent += 1
            kind = f"{value}.get('resourceType') or ''"
            self.row("reference", number, add, kind, f"{value}['id']")
        self.indent = depth

    def number_or_quantity(self, leaf: Leaf, value: str, number: str, add: str) -> None:
        kind = leaf.parameter.kind
        if leaf.type in _NUMBER_TYPES:
            self.span(kind, number, add, f"exact({value})")
            return
        if model.is_a(leaf.type, "Quantity"):
            self.line(f"quantity_rows({number}, {kind!r}, {value}, {add})")
            return
        maker = {"Money": "money_row", "Range": "range_row"}.get(leaf.type)
        if maker is not None:
            inner = self.name()
            self.line(f"{inner} = {maker}({number}, {kind!r}, {value})")
            self.line(f"if {inner} is not None: {add}({inner})")

    def uri(self, leaf: Leaf, value: str, number: str, add: str) -> None:
        if leaf.type in _TEXT_TYPES:
            self.row("uri", number, add, "''", value)

    def special(self, leaf: Leaf, value: str, number: str, add: str) -> None:
        latitude, longitude = self.name(), self.name()
        self.line(f"{latitude}, {longitude} = {value}.get('latitude'), {value}.get('longitude')")
        self.line(f"if {latitude} is not None and {longitude} is not None:")
        self.line(
            f"    {add}(new(IndexRow, ({number}, 'special', '', '', "
            f"float({latitude}), float({longitude}), ())))"
        )

    def composite(self, leaf: Leaf, value: str, number: str, add: str) -> None:
        depth = self.indent
        lists = []
        for parameter, routes in leaf.parts:
            found = self.name()
            lists.append(found)
            self.line(f"{found} = []")
            own = tuple(r for r in routes if not r.from_resource)
            whole = tuple(r for r in routes if r.from_resource)
            self.branch(tree_of(own, parameter), value, f"{found}.append")
            self.branch(tree_of(whole, parameter), "r", f"{found}.append")
            self.line(f"if {found}:")
            self.indent += 1
        parts = [self.name() for _ in lists]
        for part, listed in zip(parts, lists, strict=True):
            self.line(f"for {part} in {listed}:")
            self.indent += 1
        self.line(
            f"{add}(new(IndexRow, ({number}, 'composite', '', '', None, None, "
            f"({', '.join(parts)},))))"
        )
        self.indent = depth


def source_of(plan: Plan) -> str:
    """The Python text of a type's extractor, for people who want to read it."""
    return "\n".join(_written(plan).lines)


def _written(plan: Plan, *, only_more: bool = False) -> _Writer:
    writer = _Writer(only_more=only_more)
    writer.line("def extract(r, add):")
    writer.indent += 1
    writer.branch(plan.root, "r")
    writer.line("return")
    return writer


@cache
def extractor(resource_type: str) -> Extractor:
    """The compiled extractor of a type."""
    plan = make_plan(resource_type)
    planned: Extractor = _written(plan).function("extract")
    if not plan.computed:
        return planned
    from taihe.fhir import fhirpath

    computed = [
        (parameter, fhirpath.compile(expression)) for parameter, expression in plan.computed
    ]

    def both(resource: dict[str, Any], add: Add) -> None:
        planned(resource, add)
        for parameter, compiled in computed:
            for value in compiled.evaluate(resource):
                kind = "boolean" if isinstance(value, bool) else "string"
                value_rows(parameter.number, parameter.kind, kind, value, add)

    return both


@cache
def _more_extractor(resource_type: str) -> Extractor:
    found: Extractor = _written(make_plan(resource_type), only_more=True).function("extract")
    return found


def extract(resource: dict[str, Any]) -> list[IndexRow]:
    """
    The index rows of a resource for every published search parameter of its type.

    Rows are distinct and in no promised order. The resource should have passed validation; one
    whose shape is wrong is refused.
    """
    return _rows(resource, extractor)


def more_rows(resource: dict[str, Any]) -> list[IndexRow]:
    """The further rows that the modifiers `:text`, `:of-type` and `:identifier` are answered by."""
    return _rows(resource, _more_extractor)


def _rows(resource: dict[str, Any], find: Callable[[str], Extractor]) -> list[IndexRow]:
    resource_type = resource.get("resourceType")
    if not isinstance(resource_type, str) or resource_type not in definitions.resource_types():
        raise Incorrect("The resource has no known resourceType.", "Name an R4 resource type.")
    found: list[IndexRow] = []
    try:
        find(resource_type)(resource, found.append)
        return list(dict.fromkeys(found))
    except (AttributeError, TypeError, KeyError, ValueError, OverflowError):
        raise Incorrect(
            f"The {resource_type} does not have the shape of its type, so it cannot be indexed.",
            "Validate it first: taihe validate FILE names the element.",
        ) from None
