"""Functions that run an expression for each item: `where()`, `select()`, `repeat()` and so on."""

from __future__ import annotations

from functools import cmp_to_key

from taihe.fhir.fhirpath import operators
from taihe.fhir.fhirpath.compiler.dispatch import Items, Run, call, compile_node
from taihe.fhir.fhirpath.elements import Element, Item
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.functions import single, truth
from taihe.fhir.fhirpath.tree import Call, Node, Unary


class Each:
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


@call("where", 1, 1)
def _where(node: Call, source: Run) -> Run:
    each = Each(node.arguments[0])

    def run(env: Environment, focus: Items) -> Items:
        items = source(env, focus)
        return [
            item
            for item, found in zip(items, each(env, items), strict=True)
            if _criterion(found, "where()")
        ]

    return run


@call("select", 1, 1)
def _select(node: Call, source: Run) -> Run:
    each = Each(node.arguments[0])

    def run(env: Environment, focus: Items) -> Items:
        out = [item for found in each(env, source(env, focus)) for item in found]
        env.spend(len(out))
        return out

    return run


@call("exists", 0, 1)
def _exists(node: Call, source: Run) -> Run:
    if not node.arguments:
        return lambda env, focus: [bool(source(env, focus))]
    each = Each(node.arguments[0])
    return lambda env, focus: [
        any(_criterion(found, "exists()") for found in each(env, source(env, focus)))
    ]


@call("all", 1, 1)
def _all(node: Call, source: Run) -> Run:
    each = Each(node.arguments[0])
    return lambda env, focus: [
        all(_criterion(found, "all()") for found in each(env, source(env, focus)))
    ]


@call("repeat", 1, 1)
@call("repeatAll", 1, 1)
def _repeat(node: Call, source: Run) -> Run:
    each = Each(node.arguments[0])
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


@call("aggregate", 1, 2)
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


@call("sort", 0, 99)
def _sort(node: Call, source: Run) -> Run:
    keys: list[tuple[Each, bool]] = []
    for argument in node.arguments:
        descending = isinstance(argument, Unary) and argument.operator == "-"
        inner = argument.operand if isinstance(argument, Unary) and descending else argument
        keys.append((Each(inner), descending))

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
