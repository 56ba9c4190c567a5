"""Calls of functions; the position of the call goes into their errors."""

from __future__ import annotations

from taihe.fhir.fhirpath.compiler.dispatch import CALLS, Items, Run, compile_node, node
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.errors import FhirPathError, SemanticProblem
from taihe.fhir.fhirpath.functions import FUNCTIONS
from taihe.fhir.fhirpath.tree import Call


def _this(env: Environment, focus: Items) -> Items:
    return focus


@node(Call)
def _call(node: Call) -> Run:
    source = _this if node.source is None else compile_node(node.source)
    special = CALLS.get(node.name)
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
