"""
Compile a tree to Python closures, once; each takes the environment and the focus.

The focus is the collection that a name without source is looked up in: the resource at the
start, one item inside `where()` and its like.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from taihe.fhir import model
from taihe.fhir.fhirpath import operators
from taihe.fhir.fhirpath.elements import (
    SYSTEM_TYPES,
    Element,
    Item,
    add_children,
    atom,
    is_cast,
    is_type,
    type_name,
)
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.errors import (
    ExecutionProblem,
    FhirPathError,
    SemanticProblem,
    SyntaxProblem,
)
from taihe.fhir.fhirpath.functions import FUNCTIONS, single, text_of, to_text, truth
from taihe.fhir.fhirpath.tree import (
    Binary,
    Call,
    Empty,
    Index,
    Literal,
    Member,
    Node,
    Special,
    TypeTest,
    Unary,
    Variable,
)
from taihe.fhir.fhirpath.values import Quantity, Temporal, parse_temporal

Items = list[Item]
Run = Callable[[Environment, Items], Items]

CONSTANTS = {
    "sct": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
    "ucum": "http://unitsofmeasure.org",
}


def compile_node(node: Node) -> Run:
    """The closure of a node."""
    return _COMPILERS[type(node)](node)


def _literal(node: Literal) -> Run:
    value: Item = node.value
    if node.kind in ("Date", "DateTime", "Time"):
        value = parse_temporal(str(node.value), node.kind)
        if (
            value is None
            and node.kind == "Time"
            and parse_temporal(f"2000-01-01{node.value}", "DateTime")
        ):
            raise ExecutionProblem("A time has no zone.", "Leave it out.", node.position)
        if value is None:
            raise SyntaxProblem(
                f"@{node.value} is no {node.kind}.", "Check month, day and hour.", node.position
            )
    elif node.kind == "Quantity":
        value = Quantity(Decimal(str(node.value)), node.unit, node.calendar)
    answer = [value]
    return lambda env, focus: answer


def _empty(node: Empty) -> Run:
    return lambda env, focus: []


def _special(node: Special) -> Run:
    if node.name == "$this":
        return lambda env, focus: env.this
    if node.name == "$index":
        return lambda env, focus: [] if env.index is None else [env.index]
    return lambda env, focus: env.total


def _variable(node: Variable) -> Run:
    name, position = node.name, node.position
    if name == "resource":
        return lambda env, focus: [] if env.resource is None else [env.resource]
    if name == "rootResource":
        return lambda env, focus: [] if env.root is None else [env.root]
    if name in CONSTANTS:
        constant = [CONSTANTS[name]]
        return lambda env, focus: constant
    if name.startswith("vs-"):
        url = [f"http://hl7.org/fhir/ValueSet/{name[3:]}"]
        return lambda env, focus: url
    if name.startswith("ext-"):
        extension = [f"http://hl7.org/fhir/StructureDefinition/{name[4:]}"]
        return lambda env, focus: extension

    def run(env: Environment, focus: Items) -> Items:
        try:
            return env.variables[name]
        except KeyError:
            raise ExecutionProblem(
                f"The variable %{name} has no value.", "Define it, or check its name.", position
            ) from None

    return run


def _member(node: Member) -> Run:
    name = node.name
    if node.source is None:
        if model.kind(name) or name in ("Resource", "DomainResource"):

            def typed(env: Environment, focus: Items) -> Items:
                out: Items = []
                for item in focus:
                    if isinstance(item, Element) and model.is_a(item.type, name):
                        out.append(item)
                    else:
                        add_children(item, name, out)
                return out

            return typed

        def start(env: Environment, focus: Items) -> Items:
            out: Items = []
            for item in focus:
                add_children(item, name, out)
            return out

        return start
    source = compile_node(node.source)

    def run(env: Environment, focus: Items) -> Items:
        out: Items = []
        for item in source(env, focus):
            add_children(item, name, out)
        return out

    return run


def _index(node: Index) -> Run:
    source, index = compile_node(node.source), compile_node(node.index)

    def run(env: Environment, focus: Items) -> Items:
        items = source(env, focus)
        at = single(index(env, focus), "An index")
        if at is None:
            return []
        at = atom(at)
        if not isinstance(at, int) or isinstance(at, bool):
            raise ExecutionProblem("An index is a whole number.", "", node.position)
        return [items[at]] if 0 <= at < len(items) else []

    return run


def _unary(node: Unary) -> Run:
    operand = compile_node(node.operand)
    negative = node.operator == "-"

    def run(env: Environment, focus: Items) -> Items:
        item = single(operand(env, focus), "A sign")
        if item is None:
            return []
        value = atom(item)
        if isinstance(value, Quantity):
            return [Quantity(-value.value, value.unit, value.calendar) if negative else value]
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise ExecutionProblem(
                f"A {type_name(item)[1]} has no sign.", "Put the call in brackets.", node.position
            )
        return [-value if negative else value]

    return run


def _logic(operator: str, left: bool | None, right: bool | None) -> bool | None:
    if operator == "and":
        if left is False or right is False:
            return False
        return True if left and right else None
    if operator == "or":
        if left or right:
            return True
        return False if left is False and right is False else None
    if operator == "xor":
        return None if left is None or right is None else left != right
    if left is False or right is True:
        return True
    return None if left is None or (right is None) else right if left else None


def _binary(node: Binary) -> Run:
    left, right = compile_node(node.left), compile_node(node.right)
    operator = node.operator
    if operator in ("and", "or", "xor", "implies"):
        return _logical(operator, left, right)
    if operator == "|":

        def union(env: Environment, focus: Items) -> Items:
            saved = env.variables
            one = left(env, focus)
            env.variables = saved
            two = right(env, focus)
            env.variables = saved
            return operators.distinct(one + two)

        return union
    if operator in ("=", "!="):
        negate = operator == "!="

        def equality(env: Environment, focus: Items) -> Items:
            result = operators.equal(left(env, focus), right(env, focus))
            return [] if result is None else [result != negate]

        return equality
    if operator in ("~", "!~"):
        differ = operator == "!~"
        return lambda env, focus: [
            operators.equivalent(left(env, focus), right(env, focus)) != differ
        ]
    if operator in ("in", "contains"):
        return _membership(operator, left, right)
    if operator == "&":

        def joined(env: Environment, focus: Items) -> Items:
            one, two = single(left(env, focus), "&"), single(right(env, focus), "&")
            return [
                ("" if one is None else to_text(one) or "")
                + ("" if two is None else to_text(two) or "")
            ]

        return joined

    def run(env: Environment, focus: Items) -> Items:
        one = single(left(env, focus), operator)
        two = single(right(env, focus), operator)
        if one is None or two is None:
            return []
        try:
            if operator in ("<", "<=", ">", ">="):
                result: Item = operators.compare(one, two, operator)
            else:
                result = operators.arithmetic(operator, one, two)
        except FhirPathError as error:
            error.position = node.position if error.position is None else error.position
            raise
        return [] if result is None else [result]

    return run


def _logical(operator: str, left: Run, right: Run) -> Run:
    def run(env: Environment, focus: Items) -> Items:
        one = truth(left(env, focus), operator)
        if operator == "and" and one is False:
            return [False]
        if operator == "or" and one is True:
            return [True]
        if operator == "implies" and one is False:
            return [True]
        result = _logic(operator, one, truth(right(env, focus), operator))
        return [] if result is None else [result]

    return run


def _membership(operator: str, left: Run, right: Run) -> Run:
    def run(env: Environment, focus: Items) -> Items:
        one, many = left(env, focus), right(env, focus)
        if operator == "contains":
            one, many = many, one
        item = single(one, operator)
        return [] if item is None else [operators.member_of(item, many)]

    return run


def check_type(name: str, position: int) -> str:
    """The type a specifier names; refuses one that does not exist."""
    namespace, _, own = name.rpartition(".")
    known = (namespace in ("", "FHIR") and model.kind(own)) or (
        namespace in ("", "System") and own in SYSTEM_TYPES
    )
    if not known:
        raise ExecutionProblem(f"There is no type {name}.", "Check its name and case.", position)
    return name


def _type_test(node: TypeTest) -> Run:
    return _typed(node.operator, compile_node(node.operand), node.type, node.position)


def _typed(operator: str, source: Run, name: str, position: int) -> Run:
    wanted = check_type(name, position)
    if operator == "ofType":
        return lambda env, focus: [i for i in source(env, focus) if is_cast(i, wanted)]

    def run(env: Environment, focus: Items) -> Items:
        item = single(source(env, focus), operator)
        if item is None:
            return []
        if operator == "is":
            return [is_type(item, wanted)]
        return [item] if is_cast(item, wanted) else []

    return run


def _this(env: Environment, focus: Items) -> Items:
    return focus


def _call(node: Call) -> Run:
    source = _this if node.source is None else compile_node(node.source)
    special = _SPECIAL.get(node.name)
    if special is not None:
        least, most, make = special
        _check_count(node, least, most)
        return make(node, source)
    if node.name not in FUNCTIONS:
        raise SemanticProblem(
            f"There is no function {node.name}().", "Check its name.", node.position
        )
    least, most, function = FUNCTIONS[node.name]
    _check_count(node, least, most)
    arguments = [compile_node(argument) for argument in node.arguments]
    position = node.position
    if not arguments:

        def plain(env: Environment, focus: Items) -> Items:
            try:
                return function(env, source(env, focus), [])
            except FhirPathError as error:
                error.position = position if error.position is None else error.position
                raise

        return plain

    def run(env: Environment, focus: Items) -> Items:
        items = source(env, focus)
        saved = env.variables
        given = []
        for argument in arguments:
            given.append(argument(env, focus))
            env.variables = saved
        try:
            return function(env, items, given)
        except FhirPathError as error:
            error.position = position if error.position is None else error.position
            raise

    return run


def _check_count(node: Call, least: int, most: int) -> None:
    if not least <= len(node.arguments) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise SemanticProblem(
            f"{node.name}() takes {wanted} arguments, not {len(node.arguments)}.", "", node.position
        )


class _Each:
    """Runs an expression once for each item, with $this and $index; restores them after."""

    __slots__ = ("run",)

    def __init__(self, node: Node) -> None:
        self.run = compile_node(node)

    def __call__(self, env: Environment, items: Items) -> list[Items]:
        this, index, variables = env.this, env.index, env.variables
        run = self.run
        out = []
        try:
            for at, item in enumerate(items):
                one = [item]
                env.this, env.index = one, at
                out.append(run(env, one))
                env.variables = variables
        finally:
            env.this, env.index, env.variables = this, index, variables
        return out


def _criterion(items: Items, what: str) -> bool:
    return truth(items, what) is True


def _where(node: Call, source: Run) -> Run:
    each = _Each(node.arguments[0])

    def run(env: Environment, focus: Items) -> Items:
        items = source(env, focus)
        return [
            item
            for item, found in zip(items, each(env, items), strict=True)
            if _criterion(found, "where()")
        ]

    return run


def _select(node: Call, source: Run) -> Run:
    each = _Each(node.arguments[0])

    def run(env: Environment, focus: Items) -> Items:
        out = [item for found in each(env, source(env, focus)) for item in found]
        env.spend(len(out))
        return out

    return run


def _exists(node: Call, source: Run) -> Run:
    if not node.arguments:
        return lambda env, focus: [bool(source(env, focus))]
    each = _Each(node.arguments[0])
    return lambda env, focus: [
        any(_criterion(found, "exists()") for found in each(env, source(env, focus)))
    ]


def _all(node: Call, source: Run) -> Run:
    each = _Each(node.arguments[0])
    return lambda env, focus: [
        all(_criterion(found, "all()") for found in each(env, source(env, focus)))
    ]


def _repeat(node: Call, source: Run) -> Run:
    each = _Each(node.arguments[0])
    unique = node.name == "repeat"

    def run(env: Environment, focus: Items) -> Items:
        out: Items = []
        seen: set[int] = set()
        values: Items = []
        queue = source(env, focus)
        while queue:
            found = [item for items in each(env, queue) for item in items]
            env.spend(len(found) + 10)  # a round costs more than its items
            queue = []
            for item in found:
                if unique:
                    if isinstance(item, Element) and isinstance(item.value, dict):
                        if id(item.value) in seen:
                            continue
                        seen.add(id(item.value))
                        if any(operators.equal_items(item, other) for other in values):
                            continue
                        values.append(item)
                    elif operators.member_of(item, out):
                        continue
                out.append(item)
                queue.append(item)
        return out

    return run


def _aggregate(node: Call, source: Run) -> Run:
    step = compile_node(node.arguments[0])
    initial = compile_node(node.arguments[1]) if len(node.arguments) > 1 else None

    def run(env: Environment, focus: Items) -> Items:
        items = source(env, focus)
        total = [] if initial is None else initial(env, focus)
        saved = env.this, env.index, env.total, env.variables
        try:
            for at, item in enumerate(items):
                env.this, env.index, env.total = [item], at, total
                total = step(env, [item])
                env.variables = saved[3]
        finally:
            env.this, env.index, env.total, env.variables = saved
        return total

    return run


def _iif(node: Call, source: Run) -> Run:
    criterion, then, *rest = (compile_node(argument) for argument in node.arguments)
    alone = node.source is None

    def run(env: Environment, focus: Items) -> Items:
        items = source(env, focus)
        if alone:
            inner = focus
        else:
            single(items, "iif()")
            inner = items
        saved = env.this
        env.this = env.this if alone else inner
        try:
            found = criterion(env, inner)
            value = truth(found, "The criterion of iif()")
            if found and not isinstance(atom(found[0]), bool) and value is True:
                raise ExecutionProblem(
                    "The criterion of iif() is no boolean.", "Compare it.", node.position
                )
            if value is True:
                return then(env, inner)
            return rest[0](env, inner) if rest else []
        finally:
            env.this = saved

    return run


def _trace(node: Call, source: Run) -> Run:
    name = compile_node(node.arguments[0])
    each = _Each(node.arguments[1]) if len(node.arguments) > 1 else None

    def run(env: Environment, focus: Items) -> Items:
        items = source(env, focus)
        shown = items if each is None else [i for found in each(env, items) for i in found]
        env.traces.append((text_of(name(env, focus), "trace()") or "", shown))
        return items

    return run


def _define_variable(node: Call, source: Run) -> Run:
    name = compile_node(node.arguments[0])
    value = compile_node(node.arguments[1]) if len(node.arguments) > 1 else None

    def run(env: Environment, focus: Items) -> Items:
        items = source(env, focus)
        word = text_of(name(env, focus), "defineVariable()") or ""
        if word in env.variables or word in CONSTANTS or word in ("resource", "rootResource"):
            raise ExecutionProblem(
                f"The variable %{word} is defined already.", "Take another name.", node.position
            )
        if value is None:
            found = items
        else:
            this = env.this
            env.this = items
            found = value(env, items)
            env.this = this
        env.variables = {**env.variables, word: found}
        return items

    return run


def _sort(node: Call, source: Run) -> Run:
    keys: list[tuple[_Each, bool]] = []
    for argument in node.arguments:
        descending = isinstance(argument, Unary) and argument.operator == "-"
        inner = argument.operand if isinstance(argument, Unary) and descending else argument
        keys.append((_Each(inner), descending))

    def run(env: Environment, focus: Items) -> Items:
        items = source(env, focus)
        if not keys:
            rows = [(item, [[item]]) for item in items]
            directions = [False]
        else:
            columns = [each(env, items) for each, _ in keys]
            rows = [(item, [c[at] for c in columns]) for at, item in enumerate(items)]
            directions = [descending for _, descending in keys]

        def order(one: tuple[Item, list[Items]], two: tuple[Item, list[Items]]) -> int:
            for a, b, descending in zip(one[1], two[1], directions, strict=True):
                if not a or not b:  # an empty key comes first, whichever the direction
                    if bool(a) != bool(b):
                        return 1 if a else -1
                    continue
                result = _ordered(a, b)
                if result:
                    return -result if descending else result
            return 0

        return [item for item, _ in sorted(rows, key=cmp_to_key(order))]

    return run


def _ordered(one: Items, two: Items) -> int:
    """The order of two sort keys."""
    a, b = single(one, "sort()"), single(two, "sort()")
    if operators.compare(a, b, "<"):
        return -1
    return 1 if operators.compare(a, b, ">") else 0


def _coalesce(node: Call, source: Run) -> Run:
    choices = [compile_node(argument) for argument in node.arguments]

    def run(env: Environment, focus: Items) -> Items:
        for choice in choices:
            found = choice(env, focus)
            if found:
                return found
        return []

    return run


def _type_argument(node: Call) -> str:
    argument = node.arguments[0]
    if isinstance(argument, Member):
        if argument.source is None:
            return argument.name
        if isinstance(argument.source, Member) and argument.source.source is None:
            return f"{argument.source.name}.{argument.name}"
    raise SemanticProblem(f"{node.name}() takes the name of a type.", "", node.position)


def _of_type(node: Call, source: Run) -> Run:
    return _typed(node.name, source, _type_argument(node), node.position)


def _type(node: Call, source: Run) -> Run:
    def run(env: Environment, focus: Items) -> Items:
        return [
            Element(
                dict(zip(("namespace", "name"), type_name(item), strict=True)),
                "TypeInfo",
                "TypeInfo",
            )
            for item in source(env, focus)
        ]

    return run


def _clock(node: Call, source: Run) -> Run:
    def run(env: Environment, focus: Items) -> Items:
        now = env.now or datetime.now(UTC)
        if node.name == "today":
            return [Temporal("Date", (now.year, now.month, now.day))]
        second = Decimal(now.second) + Decimal(now.microsecond // 1000).scaleb(-3)
        if node.name == "timeOfDay":
            return [Temporal("Time", (now.hour, now.minute, second))]
        offset = now.utcoffset()
        zone = 0 if offset is None else int(offset.total_seconds() // 60)
        parts = (now.year, now.month, now.day, now.hour, now.minute, second)
        return [Temporal("DateTime", parts, zone)]

    return run


def _reference_key(node: Call, source: Run) -> Run:
    wanted = None
    if node.arguments:
        argument = node.arguments[0]
        wanted = str(argument.value) if isinstance(argument, Literal) else _type_argument(node)

    def run(env: Environment, focus: Items) -> Items:
        out: Items = []
        for item in source(env, focus):
            text = (
                item.value.get("reference")
                if isinstance(item, Element) and isinstance(item.value, dict)
                else None
            )
            if not text:
                continue
            kind, _, key = text.partition("/_history/")[0].rpartition("/")
            if key and (wanted is None or kind.rpartition("/")[2] == wanted.rpartition(".")[2]):
                out.append(key)
        return out

    return run


_SPECIAL: dict[str, tuple[int, int, Callable[[Call, Run], Run]]] = {
    "where": (1, 1, _where),
    "select": (1, 1, _select),
    "exists": (0, 1, _exists),
    "all": (1, 1, _all),
    "repeat": (1, 1, _repeat),
    "repeatAll": (1, 1, _repeat),
    "aggregate": (1, 2, _aggregate),
    "iif": (2, 3, _iif),
    "trace": (1, 2, _trace),
    "defineVariable": (1, 2, _define_variable),
    "sort": (0, 99, _sort),
    "coalesce": (1, 99, _coalesce),
    "is": (1, 1, _of_type),
    "as": (1, 1, _of_type),
    "ofType": (1, 1, _of_type),
    "type": (0, 0, _type),
    "now": (0, 0, _clock),
    "today": (0, 0, _clock),
    "timeOfDay": (0, 0, _clock),
    "getReferenceKey": (0, 1, _reference_key),
}

_COMPILERS: dict[type[Node], Callable[[Any], Run]] = {
    Literal: _literal,
    Empty: _empty,
    Special: _special,
    Variable: _variable,
    Member: _member,
    Index: _index,
    Unary: _unary,
    Binary: _binary,
    TypeTest: _type_test,
    Call: _call,
}
