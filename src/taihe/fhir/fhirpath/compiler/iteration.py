"""Functions that run an expression for each item: `where()`, `select()`, `repeat()` and so on."""

from __future__ import annotations

from taihe.fhir.fhirpath import operators
from taihe.fhir.fhirpath.compiler.dispatch import Items, Run, call, compile_node
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.functions import truth
from taihe.fhir.fhirpath.tree import Call, Node


class Each:
    """Runs an expression once for each item, with $this and $index; restores them after."""

    __slots__ = ("run",)

    def __init__(self, node: Node) -> None:
        self.run = compile_node(node)

    def __call__(self, env: Environment, items: Items) -> list[Items]:
        this, index, variables = env.this, env.index, env.variables
        run = self.run
        out = []
        env.work(len(items))
        try:
            for at, item in enumerate(items):
                one = [item]
                env.this, env.index = one, at
                out.append(run(env, one))
                env.variables = variables
        finally:
            env.this, env.index, env.variables = this, index, variables
        return out


def flattened(env: Environment, groups: list[Items]) -> Items:
    """All items of several collections, counted before they are put together."""
    env.spend(sum(map(len, groups)))
    return [item for items in groups for item in items]


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
        return flattened(env, each(env, source(env, focus)))

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
        seen: set[object] = set()
        queue = source(env, focus)
        while queue:
            env.spend(10)  # a round costs more than its items
            found = flattened(env, each(env, queue))
            if unique:
                env.weigh(found)
            queue = []
            for item in found:
                if unique:
                    key = operators.key_of(item)
                    if key in seen:
                        continue
                    seen.add(key)
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
        env.work(len(items))
        try:
            for at, item in enumerate(items):
                env.this, env.index, env.total = [item], at, total
                total = step(env, [item])
                env.spend(len(total))
                env.variables = saved[3]
        finally:
            env.this, env.index, env.total, env.variables = saved
        return total

    return run
