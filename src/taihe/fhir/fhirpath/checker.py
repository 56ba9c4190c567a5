"""
Check a tree against the type model before it runs.

Shapes are followed from the resource type through the expression as far as they are known.
What is unknown (a variable, a resolved reference, children) is not checked further. Without
`strict` only what cannot be meant is refused; with it also names that the type does not have,
values that a function or operator does not take, several items where one is wanted, and
comparisons that are never true. Source: FHIRPath 3.0, type safety and strict evaluation.
"""

from __future__ import annotations

from dataclasses import dataclass

from taihe.fhir import model
from taihe.fhir.fhirpath.compiler.dispatch import CALLS
from taihe.fhir.fhirpath.compiler.terms import index_hint
from taihe.fhir.fhirpath.errors import SemanticProblem
from taihe.fhir.fhirpath.functions import FUNCTIONS
from taihe.fhir.fhirpath.shapes import (
    UNKNOWN,
    UNKNOWN_MANY,
    Place,
    Shape,
    kind_of,
    of_type,
    system,
)
from taihe.fhir.fhirpath.signatures import SIGNATURES, Signature
from taihe.fhir.fhirpath.suggestions import suggestion
from taihe.fhir.fhirpath.tree import (
    Binary,
    Call,
    Index,
    Instance,
    Literal,
    Member,
    Node,
    Special,
    TypeTest,
    Unary,
    Variable,
)
from taihe.fhir.fhirpath.values import parse_temporal

_EACH = frozenset(
    ("where", "select", "exists", "all", "repeat", "repeatAll", "trace", "sort", "aggregate")
)
_ORDER = frozenset(("<", "<=", ">", ">="))
_LOGIC = frozenset(("and", "or", "xor", "implies"))
_TEXT_FUNCTIONS = frozenset(
    ("startsWith", "endsWith", "contains", "matches", "matchesFull", "replace", "replaceMatches",
     "substring", "indexOf", "lastIndexOf", "upper", "lower", "trim", "length", "toChars", "split")
)  # fmt: skip
_OF_EVERY_ELEMENT = frozenset(("id", "extension", "modifierExtension", "implicitRules", "language"))
_FOR_EACH = "Use select() or where() for each of them, or first() for one."
_OF_ALL = "Use ofType(), which keeps all of a type, or first()."


@dataclass(frozen=True)
class _Check:
    root: Shape
    strict: bool

    def shape(self, node: Node | None, focus: Shape) -> Shape:
        """The shape of what a node gives on a focus; raises for what is wrong in it."""
        if node is None:
            return focus
        if isinstance(node, Member):
            return self.member(node, focus)
        if isinstance(node, Call):
            return self.call(node, focus)
        if isinstance(node, Index):
            return self.index(node, focus)
        if isinstance(node, Binary):
            return self.binary(node, focus)
        if isinstance(node, TypeTest):
            return self.type_test(node, focus)
        if isinstance(node, Unary):
            inner = self.shape(node.operand, focus)
            self.one(inner, f"The sign {node.operator}", node.position)
            self.takes(inner, frozenset(("number", "quantity")), f"The sign {node.operator}",
                       "a number", node.position)  # fmt: skip
            return inner
        if isinstance(node, Literal):
            return system(node.kind)
        if isinstance(node, Special):
            if node.name == "$index":
                return system("Integer")
            return focus if node.name == "$this" else UNKNOWN_MANY
        if isinstance(node, Instance):
            for value in node.values:
                self.shape(value, focus)
            return of_type(node.type)
        if isinstance(node, Variable):
            return self.named(node.name)
        return UNKNOWN

    def named(self, variable: str) -> Shape:
        """The shape of a variable: of the resource, when the root is one."""
        resource = all(model.kind(name) == "resource" for name, _ in self.root.types or ())
        known = variable == "context" or (resource and variable in ("resource", "rootResource"))
        return self.root if known else UNKNOWN

    # Paths

    def member(self, node: Member, focus: Shape) -> Shape:
        if node.source is None:
            if model.kind(node.name) == "resource":
                return self.start(node, focus)
            return self.step(focus, node.name, node.position, alone=True)
        return self.step(self.shape(node.source, focus), node.name, node.position)

    def start(self, node: Member, focus: Shape) -> Shape:
        if focus.types is None:
            return UNKNOWN
        own = frozenset(p for p in focus.types if model.is_a(p[0], node.name))
        if not own and self.strict and focus == self.root:
            raise SemanticProblem(
                f"The resource is no {node.name}, but {focus.words()}.",
                "Begin with its own type, or leave the type out.",
                node.position,
            )
        return Shape(own or None, focus.many)

    def step(self, source: Shape, name: str, position: int, *, alone: bool = False) -> Shape:
        if not source.types:
            return Shape(None, source.many)
        found: set[Place] = set()
        many = source.many
        for type_name, place in source.types:
            if place == type_name and kind_of(type_name) == "any":
                return UNKNOWN_MANY
            for field in model.named(place).get(name, ()):
                found.add((field.type, field.place))
                many = many or field.many
        if found:
            return Shape(frozenset(found), many)
        self.missing(source, name, position, alone=alone)
        return UNKNOWN

    def missing(self, source: Shape, name: str, position: int, *, alone: bool) -> None:
        """Refuse the JSON name of a choice, and in strict mode any name that is not there."""
        types = source.types or frozenset()
        for _type, place in types:
            of_key = model.fields(place).get(name)
            if of_key is not None:
                raise SemanticProblem(
                    f"{name} is the name in JSON; in FHIRPath it is {of_key.name}.",
                    f"Write {of_key.name}.ofType({of_key.type}).",
                    position,
                )
        if not self.strict:
            return
        known = [field for _type, place in types for field in model.named(place)]
        shown = " or ".join(sorted({place or t.removeprefix("System.") for t, place in types})[:3])
        hint = ""
        if name in FUNCTIONS or name in CALLS:
            hint = f"Write {name}() with brackets for the function."
        elif name.casefold() in ("null", "none", "nil"):
            hint = "Write {} for nothing, or ask with exists() or empty()."
        hint = hint or suggestion(name, known)
        if not hint and known:
            names = sorted(set(known) - _OF_EVERY_ELEMENT)
            hint = f"It has {', '.join(names[:8])}{' and others' if len(names) > 8 else ''}."
            if alone:
                hint += f" If it is text, write '{name}'."
        raise SemanticProblem(
            f"{shown} has no element {name}.", hint or "It is a plain value.", position
        )

    def index(self, node: Index, focus: Shape) -> Shape:
        at = self.shape(node.index, focus)
        if self.strict and at.kinds and not at.kinds & {"number", "any"}:
            raise SemanticProblem(
                f"An index is a whole number, not {at.words()}.",
                index_hint(node.source),
                node.position,
            )
        return self.shape(node.source, focus).one()

    def type_test(self, node: TypeTest, focus: Shape) -> Shape:
        inner = self.shape(node.operand, focus)
        self.one(inner, node.operator, node.position, _OF_ALL)
        return narrowed(inner, node.type) if node.operator == "as" else system("Boolean")

    # Operators

    def binary(self, node: Binary, focus: Shape) -> Shape:
        left, right = self.shape(node.left, focus), self.shape(node.right, focus)
        operator, position = node.operator, node.position
        if operator == "|":
            both = left.types is not None and right.types is not None
            types = (left.types or frozenset()) | (right.types or frozenset())
            return Shape(types if both else None, True)
        if operator in ("=", "!=", "~", "!~"):
            self.alike(left, right, node)
            return system("Boolean")
        if operator in ("in", "contains"):
            self.one(left if operator == "in" else right, operator, position)
            return system("Boolean")
        for side in (left, right):
            self.one(side, operator, position)
        if operator in _LOGIC:
            return system("Boolean")
        if operator in _ORDER:
            self.ordered(left, right, node)
            return system("Boolean")
        if operator == "&":
            return system("String")
        return self.reckoned(left, right, node)

    def alike(self, left: Shape, right: Shape, node: Binary) -> None:
        """Equality of one thing with a list, or of kinds that are never equal."""
        if not self.strict:
            return
        literal = isinstance(node.right, Literal) or isinstance(node.left, Literal)
        if left.many != right.many and literal and left.known and right.known:
            raise SemanticProblem(
                f"{node.operator} compares a path that may have several values with one value.",
                "Use where(), exists() or `in`, or choose one with first().",
                node.position,
            )
        self.fit(left, right, node, ordered=False)

    def ordered(self, left: Shape, right: Shape, node: Binary) -> None:
        if self.strict:
            self.fit(left, right, node, ordered=True)

    def fit(self, left: Shape, right: Shape, node: Binary, *, ordered: bool) -> None:
        one, two = left.kinds, right.kinds
        if not one or not two or "any" in one | two:
            return
        for a in one:
            for b in two:
                same = a == b or {a, b} == {"number", "quantity"}
                if same and not (ordered and a in ("boolean", "complex")):
                    return
        hint = "Name the element that holds the value, or convert one side."
        for side, other in ((node.right, one), (node.left, two)):
            if isinstance(side, Literal):
                hint = comparison_hint(str(side.value), other) or hint
        raise SemanticProblem(
            f"{node.operator} does not compare {left.words()} with {right.words()}.",
            hint,
            node.position,
        )

    def reckoned(self, left: Shape, right: Shape, node: Binary) -> Shape:
        """Arithmetic: which kinds go together, and what they give."""
        operator = node.operator
        pairs = {(a, b) for a in left.kinds for b in right.kinds}
        given = [gives for pair in pairs if (gives := _result(operator, *pair)) is not None]
        unknown = not pairs or any("any" in pair for pair in pairs)
        if self.strict and not given and not unknown:
            hint = "Convert one of them."
            if operator == "+" and any("text" in pair for pair in pairs):
                hint = "Use & to join text, or toString()."
            elif operator == "-" and pairs & {("date", "date"), ("time", "time")}:
                hint = "Use difference() or duration()."
            raise SemanticProblem(
                f"{operator} is not defined for {left.words()} and {right.words()}.",
                hint,
                node.position,
            )
        if unknown or not given:
            return UNKNOWN
        return left.one() if "left" in given else system(given[0])

    # Functions

    def call(self, node: Call, focus: Shape) -> Shape:
        source = self.shape(node.source, focus)
        name = node.name
        if name in ("as", "ofType", "is"):
            return self.of_type(node, source)
        if name in _TEXT_FUNCTIONS:
            self.text(node, source)
        if name == "iif":
            return self.iif(node, source)
        if name == "defineVariable":
            if len(node.arguments) > 1:
                self.shape(node.arguments[1], source)
            return source
        if name == "coalesce":
            shapes = [self.shape(argument, focus) for argument in node.arguments]
            return joined(shapes)
        inner = source.one() if name in _EACH else focus
        written = node.arguments
        if name == "sort":  # -key is a direction there
            written = tuple(a.operand if isinstance(a, Unary) else a for a in written)
        arguments = [self.shape(argument, inner) for argument in written]
        if name == "sort":
            for key in arguments:
                self.one(key, "A key of sort()", node.position)
        if name in _EACH:
            return self.each(node, source, arguments)
        if name == "extension":
            return Shape(frozenset((("Extension", "Extension"),)), True)
        if name == "elementDefinition":
            return of_type("ElementDefinition", many=source.many)
        if name in ("union", "combine") and arguments:
            return joined([source, arguments[0]]).several()
        signature = SIGNATURES.get(name)
        if signature is None:
            return UNKNOWN_MANY if name in ("children", "descendants") else Shape(None, source.many)
        return self.signed(node, source, arguments, signature)

    def signed(
        self, node: Call, source: Shape, arguments: list[Shape], signature: Signature
    ) -> Shape:
        """A call of a function whose signature is known."""
        what = f"{node.name}()"
        if signature.single:
            self.one(source, what, node.position)
        if signature.takes:
            self.takes(source, signature.takes, what, _wanted(signature.takes), node.position)
        for at, argument in enumerate(arguments):
            kinds = signature.arguments[at] if at < len(signature.arguments) else frozenset()
            if kinds:
                place = node.arguments[at].position
                self.one(argument, f"An argument of {what}", place)
                self.takes(argument, kinds, f"An argument of {what}", _wanted(kinds), place)
        if signature.gives == "same":
            return Shape(source.types, signature.many and source.many)
        many = signature.many
        return system(signature.gives, many=many) if signature.gives else Shape(None, many)

    def each(self, node: Call, source: Shape, arguments: list[Shape]) -> Shape:
        """A function that runs an expression for each item."""
        if node.name in ("exists", "all"):
            return system("Boolean")
        if node.name == "select":
            inner = arguments[0] if arguments else UNKNOWN
            return Shape(inner.types, source.many or inner.many)
        if node.name in ("repeat", "repeatAll"):
            inner = arguments[0] if arguments else UNKNOWN
            return Shape(inner.types, True)
        if node.name == "aggregate":
            return UNKNOWN_MANY
        return source

    def of_type(self, node: Call, source: Shape) -> Shape:
        argument = node.arguments[0] if node.arguments else None
        if node.name != "ofType":
            self.one(source, f"{node.name}()", node.position, _OF_ALL)
        if node.name == "is":
            return system("Boolean")
        if isinstance(argument, Member):
            namespace = argument.source.name if isinstance(argument.source, Member) else ""
            return narrowed(source, f"{namespace}.{argument.name}" if namespace else argument.name)
        return Shape(None, source.many)

    def iif(self, node: Call, source: Shape) -> Shape:
        self.criterion(node.arguments[0] if node.arguments else None)
        if node.source is not None:
            self.one(source, "iif()", node.position)
        shapes = [self.shape(argument, source) for argument in node.arguments]
        return joined(shapes[1:]) if len(shapes) > 2 else shapes[-1] if shapes else UNKNOWN

    def text(self, node: Call, source: Shape) -> None:
        kinds = source.kinds
        if kinds and kinds <= {"complex", "quantity"}:
            raise SemanticProblem(
                f"{node.name}() takes text, not {source.words()}.",
                "Name the element that holds the text.",
                node.position,
            )

    def criterion(self, node: Node | None) -> None:
        if isinstance(node, Binary) and node.operator == "|" and _only_literals(node):
            raise SemanticProblem(
                "The criterion of iif() is a list.", "Use a boolean.", node.position
            )
        if self.strict and isinstance(node, Literal) and node.kind != "Boolean":
            raise SemanticProblem(
                "The criterion of iif() is no boolean.", "Compare it.", node.position
            )

    # What is refused in strict mode

    def one(self, shape: Shape, what: str, position: int, hint: str = _FOR_EACH) -> None:
        """Refuse a path that may have several values where one is wanted."""
        if self.strict and shape.many and shape.known:
            raise SemanticProblem(
                f"{what} takes one value, and this path may have several.",
                hint,
                position,
            )

    def takes(
        self, shape: Shape, kinds: frozenset[str], what: str, wanted: str, position: int
    ) -> None:
        """Refuse types of which none is of a wanted kind."""
        found = shape.kinds
        if self.strict and found and "any" not in found and not found & kinds:
            hint = (
                "Name the element that holds the value."
                if found <= {"complex", "quantity"}
                else ("Convert it first.")
            )
            raise SemanticProblem(f"{what} takes {wanted}, not {shape.words()}.", hint, position)


_WORDS = {
    "text": "text", "number": "a number", "quantity": "a quantity", "boolean": "a boolean",
    "date": "a date", "time": "a time",
}  # fmt: skip


def _wanted(kinds: frozenset[str]) -> str:
    """Kinds for a message; text also reads FHIR's dates, which need no mention."""
    shown = {"text"} if kinds >= {"text", "date", "time"} and "number" not in kinds else kinds
    words = [word for kind, word in _WORDS.items() if kind in shown]
    return " or ".join(words)


def comparison_hint(literal: str, kinds: frozenset[str]) -> str:
    """What to write instead of a literal beside something of other kinds; "" when not known."""
    if "date" in kinds and parse_temporal(literal, "DateTime"):
        return f"Write a date as @{literal}."
    if "boolean" in kinds and literal in ("true", "false"):
        return "Leave out the quotes."
    if kinds & {"number", "quantity"} and literal.replace(".", "", 1).isdigit():
        return "Leave out the quotes."
    return f"Write it in quotes: '{literal}'." if kinds == {"text"} else ""


def _result(operator: str, left: str, right: str) -> str | None:
    """What an arithmetic operator gives for two kinds: a System type, or "left"."""
    numbers = {"number", "quantity"}
    if left in numbers and right in numbers:
        if operator in ("div", "mod"):
            return "left" if left == right == "number" else None
        if left == right == "number":
            return "Decimal" if operator == "/" else "left"
        return "Quantity"
    if operator == "+" and left == right == "text":
        return "String"
    if operator in ("+", "-") and left in ("date", "time") and right == "quantity":
        return "left"
    return None


def joined(shapes: list[Shape]) -> Shape:
    """What any of several shapes may be."""
    if not shapes or any(shape.types is None for shape in shapes):
        return Shape(None, any(shape.many for shape in shapes))
    types: frozenset[Place] = frozenset()
    for shape in shapes:
        types |= shape.types or frozenset()
    return Shape(types or None, any(shape.many for shape in shapes))


def narrowed(source: Shape, name: str) -> Shape:
    """The part of a shape that is of a named type."""
    wanted = of_type(name, many=source.many)
    if source.types is None or wanted.types is None:
        return wanted
    own = name.rpartition(".")[2]
    kept = frozenset(p for p in source.types if model.is_a(p[0], own))
    return Shape(kept, source.many) if kept else wanted


def _only_literals(node: Node) -> bool:
    if isinstance(node, Binary) and node.operator == "|":
        return _only_literals(node.left) and _only_literals(node.right)
    return isinstance(node, Literal)


def semantic_problem(tree: Node, type: str | None, strict: bool) -> SemanticProblem | None:
    """What is wrong with a tree for a resource type; None when nothing is known to be."""
    root = UNKNOWN
    if type is not None and type != "Resource":
        root = Shape(frozenset(((type, type),)))
    try:
        _Check(root, strict).shape(tree, root)
    except SemanticProblem as problem:
        return problem
    return None
