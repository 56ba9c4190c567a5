"""Functions whose arguments are values."""

from __future__ import annotations

from taihe.fhir import model
from taihe.fhir.fhirpath import patterns
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.errors import FhirPathError
from taihe.fhir.fhirpath.fast.arithmetic import Arithmetic
from taihe.fhir.fhirpath.fast.folding import folded, is_constant
from taihe.fhir.fhirpath.fast.shapes import NUMERIC, Shape
from taihe.fhir.fhirpath.fast.tables import ATOMIC, COLLECTION_CALLS, LISTED, SCALAR_CALLS, TEXTUAL
from taihe.fhir.fhirpath.fast.writer import (
    Emit,
    NotFast,
)
from taihe.fhir.fhirpath.functions import FUNCTIONS
from taihe.fhir.fhirpath.tree import (
    Call,
    Node,
    Special,
)

_PER_ITEM = frozenset(("getReferenceKey", "type"))

_WITH_ENVIRONMENT = frozenset(
    ("resolve", "memberOf", "subsumes", "subsumedBy", "conformsTo", "htmlChecks")
)

_SIMPLE_TEXT = {
    "upper": "{0}.upper()", "lower": "{0}.lower()", "length": "len({0})",
    "startsWith": "{0}.startswith({1})", "endsWith": "{0}.endswith({1})",
    "contains": "({1} in {0})",
}  # fmt: skip


class Functions(Arithmetic):
    """Writes functions: their own form, or a call of the one that the closures use."""

    def argument_list(self, shape: Shape | None, *, textual: bool) -> str:
        """One value as the closures' functions take it."""
        if shape is None:
            return "[]"
        if textual and shape.kind == "date":
            value = shape.variable
        else:
            value = self.atom(shape)
        return f"[{value}]" if shape.sure else f"([] if {shape.variable} is None else [{value}])"

    def function(self, node: Call, focus: Shape) -> Shape | None:
        """A function of one item and values."""
        source: Node = Special(node.position, "$this") if node.source is None else node.source
        textual = node.name in TEXTUAL
        given = [self.one(part, focus) for part in (source, *node.arguments)]
        simple = _SIMPLE_TEXT.get(node.name)
        kind = (TEXTUAL if textual else ATOMIC)[node.name]
        if simple and all(s is not None and s.kind in ("text", "date") for s in given):
            sure = [s for s in given if s is not None]
            if all(s.kind == "text" for s in sure[1:]):
                text = simple.format(*(s.variable for s in sure))
                return self.assigned(text, f"System.{kind}", *sure)
        if node.name == "matches" and (found := self.matches(node, given)) is not None:
            return found
        if node.name == "toInteger" and (found := self.integer(given)) is not None:
            return found
        if node.name in ("replace", "indexOf", "round") and (
            found := self.direct(node.name, given)
        ) is not None:  # fmt: skip
            return found
        if node.name == "substring" and (found := self.substring(given)) is not None:
            return found
        lists = [self.argument_list(s, textual=textual) for s in given]
        function = self.constant(FUNCTIONS[node.name][2])
        self.uses_meter = True
        found_list, value = self.name(), self.name()
        self.line(f"{found_list} = {function}(meter, {lists[0]}, [{', '.join(lists[1:])}])")
        self.line(f"{value} = {found_list}[0] if {found_list} else None")
        return Shape(value, f"System.{kind}" if kind else "")

    def matches(self, node: Call, given: list[Shape | None]) -> Shape | None:
        """`matches()` with a constant pattern that no text can make slow."""
        text = given[0]
        if text is None or text.kind not in ("text", "date") or len(given) > 2:
            return None
        values = folded(node.arguments[0]) if is_constant(node.arguments[0]) else ()
        if len(values) != 1 or type(values[0]) is not str:
            return None
        try:
            pattern = patterns.simple(values[0])
        except FhirPathError:
            return None
        if pattern is None:
            return None
        search = self.constant(pattern.search)
        return self.assigned(
            f"{search}(brief({text.variable})) is not None", "System.Boolean", text
        )

    def direct(self, name: str, given: list[Shape | None]) -> Shape | None:
        """`replace()`, `indexOf()` and `round()` with constants."""
        source, *constants = given
        if source is None or any(c is None or not c.sure for c in constants):
            return None
        values = [c.variable for c in constants if c is not None]
        if name == "round":
            places = values[0] if values else "0"
            if source.kind not in NUMERIC or not places.isdigit() or int(places) > 8:
                return None
            return self.assigned(
                f"rounded({self.atom(source)}, {places})", "System.Decimal", source
            )
        if source.kind not in ("text", "date") or any(not v.startswith(("'", '"')) for v in values):
            return None
        if name == "indexOf":
            return self.assigned(f"{source.variable}.find({values[0]})", "System.Integer", source)
        if values[0] in ("''", '""'):
            return None
        text = f"long({source.variable}.replace({values[0]}, {values[1]}))"
        return self.assigned(text, "System.String", source)

    def integer(self, given: list[Shape | None]) -> Shape | None:
        """`toInteger()` of a text."""
        text = given[0]
        if text is None or text.kind != "text":
            return None
        value = self.name()
        self.line(f"{value} = {self.when(text)}integer_of({text.variable})")
        return Shape(value, "System.Integer")

    def substring(self, given: list[Shape | None]) -> Shape | None:
        """`substring()` with constant positions."""
        text, *numbers = given
        if text is None or text.kind not in ("text", "date"):
            return None
        places = []
        for number in numbers:
            if number is None or not number.variable.isdigit():
                return None
            places.append(int(number.variable))
        span = f"{places[0]}:" if len(places) == 1 else f"{places[0]}:{sum(places)}"
        value = self.name()
        test = "" if text.sure else f"{text.variable} is not None and "
        self.line(
            f"{value} = {text.variable}[{span}] "
            f"if {test}len({text.variable}) > {places[0]} else None"
        )
        return Shape(value, "System.String")

    def spelled_out(self, node: Call, focus: Shape) -> Shape | None:
        """`toString()`."""
        if node.source is not None and (text := self.as_text(node.source, focus)) is not None:
            return text
        found = self.own_text(node, focus)
        if found is None:
            return None
        if found.kind == "temporal":
            return self.assigned(self.spelled(found), "System.String", found)
        if not found.is_fhir or found.kind == "complex":
            self.space["to_string"] = FUNCTIONS["toString"][2]
            value, listed = self.name(), self.name()
            self.line(f"{listed} = to_string(None, {self.argument_list(found, textual=False)}, [])")
            self.line(f"{value} = {listed}[0] if {listed} else None")
            return Shape(value, "System.String")
        return self.assigned(self.spelled(found), "System.String", found)

    def join(self, node: Call, focus: Shape) -> Shape | None:
        """`join()` of texts."""
        listed, shape = self.own_many(node, focus)
        if shape is not None and shape.kind not in ("text", "date"):
            raise NotFast
        between = "''"
        if node.arguments:
            found = self.one(node.arguments[0], focus)
            if found is None or found.kind != "text" or not found.sure:
                raise NotFast
            between = found.variable
        value = self.name()
        nothing = FUNCTIONS["join"][2](Environment(None, {}), [], [])
        otherwise = self.constant(nothing[0] if nothing else None)
        self.line(f"{value} = long({between}.join({listed})) if {listed} else {otherwise}")
        return Shape(value, "System.String")

    def stream(self, node: Node, focus: Shape, emit: Emit) -> None:
        if isinstance(node, Call) and node.name not in COLLECTION_CALLS and not is_constant(node):
            if node.name in _PER_ITEM:
                self.per_item(node, focus, emit)
                return
            if not self.has_scalar(node) and node.name in FUNCTIONS:
                self.any_function(node, focus, emit)
                return
        super().stream(node, focus, emit)

    @staticmethod
    def has_scalar(node: Call) -> bool:
        """Whether a call is written by `scalar`."""
        return node.name in SCALAR_CALLS or node.name in TEXTUAL or node.name in ATOMIC

    def per_item(self, node: Call, focus: Shape, emit: Emit) -> None:
        """A function of the closures on every item by itself."""
        run = self.at_once(Call(node.position, None, node.name, node.arguments))
        self.closures -= 1

        def of(item: Shape) -> None:
            one = self.name()
            self.loop(one, f"closure({run}, env, {self.boxed(item)}, None, [])")
            emit(Shape(one, ""))

        self.source(node, focus, of)

    def any_function(self, node: Call, focus: Shape, emit: Emit) -> None:
        """A function of the closures on whole collections."""
        source = self.own_boxes(node, focus)
        given = [self.listed(argument, focus) for argument in node.arguments]
        function = self.constant(FUNCTIONS[node.name][2])
        meter = "env" if node.name in _WITH_ENVIRONMENT else "meter"
        self.uses_env |= meter == "env"
        self.uses_meter |= meter == "meter"
        one = self.name()
        self.loop(one, f"{function}({meter}, {source}, [{', '.join(given)}])")
        kind = LISTED.get(node.name)
        emit(Shape(one, f"System.{kind}" if kind else ""))

    def resource_key(self, node: Call, focus: Shape) -> Shape | None:
        """`getResourceKey()`."""
        found = self.own_text(node, focus)
        if found is None:
            return None
        if not found.is_fhir or model.kind(found.type) != "resource":
            raise NotFast
        value = self.name()
        missing = "" if found.sure else f"None if {found.variable} is None else "
        self.line(f"{value} = {missing}{found.variable}.get('id') or None")
        self.line(f"if {value} is not None and type({value}) is not str: raise Slow")
        return Shape(value, "System.String")
