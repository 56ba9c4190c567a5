"""Functions that choose, remember or look: `iif()`, `defineVariable()`, `trace()`, `now()`."""

from __future__ import annotations

from decimal import Decimal

from taihe.fhir.fhirpath.compiler.dispatch import Items, Run, call, compile_node
from taihe.fhir.fhirpath.compiler.iteration import Each
from taihe.fhir.fhirpath.compiler.terms import CONSTANTS
from taihe.fhir.fhirpath.compiler.types import type_argument
from taihe.fhir.fhirpath.elements import Element
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.errors import ExecutionProblem
from taihe.fhir.fhirpath.functions import single, text_of, truth
from taihe.fhir.fhirpath.tree import Call, Literal
from taihe.fhir.fhirpath.values import Temporal


@call("iif", 2, 3)
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
            if truth(criterion(env, inner), "The criterion of iif()") is True:
                return then(env, inner)
            return rest[0](env, inner) if rest else []
        finally:
            env.this = saved

    return run


@call("trace", 1, 2)
def _trace(node: Call, source: Run) -> Run:
    name = compile_node(node.arguments[0])
    each = Each(node.arguments[1]) if len(node.arguments) > 1 else None

    def run(env: Environment, focus: Items) -> Items:
        items = source(env, focus)
        shown = items if each is None else [i for found in each(env, items) for i in found]
        env.traces.append((text_of(name(env, focus), "trace()") or "", shown))
        return items

    return run


@call("defineVariable", 1, 2)
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


@call("coalesce", 1, 99)
def _coalesce(node: Call, source: Run) -> Run:
    choices = [compile_node(argument) for argument in node.arguments]

    def run(env: Environment, focus: Items) -> Items:
        for choice in choices:
            found = choice(env, focus)
            if found:
                return found
        return []

    return run


@call("now", 0, 0)
@call("today", 0, 0)
@call("timeOfDay", 0, 0)
def _clock(node: Call, source: Run) -> Run:
    def run(env: Environment, focus: Items) -> Items:
        now = env.clock()
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


@call("getReferenceKey", 0, 1)
def _reference_key(node: Call, source: Run) -> Run:
    wanted = None
    if node.arguments:
        argument = node.arguments[0]
        wanted = str(argument.value) if isinstance(argument, Literal) else type_argument(node)

    def run(env: Environment, focus: Items) -> Items:
        out: Items = []
        for item in source(env, focus):
            text = (
                item.value.get("reference")
                if isinstance(item, Element) and isinstance(item.value, dict)
                else None
            )
            if not isinstance(text, str) or not text:
                continue
            kind, _, key = text.partition("/_history/")[0].rpartition("/")
            if key and (wanted is None or kind.rpartition("/")[2] == wanted.rpartition(".")[2]):
                out.append(key)
        return out

    return run
