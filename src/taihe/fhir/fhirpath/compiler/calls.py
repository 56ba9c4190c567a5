"""Calls of functions; the position of the call goes into their errors."""

from __future__ import annotations

from taihe.fhir.fhirpath.compiler.dispatch import CALLS, Items, Run, compile_node, node, positioned
from taihe.fhir.fhirpath.elements import Element, Item
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.errors import FhirPathError, SemanticProblem
from taihe.fhir.fhirpath.functions import FUNCTIONS
from taihe.fhir.fhirpath.suggestions import suggestion
from taihe.fhir.fhirpath.tree import Call

_LONG = 1000  # a text of fewer characters costs nothing


def _this(env: Environment, focus: Items) -> Items:
    return focus


def _weight(items: Items) -> int:
    """The characters of a single long text."""
    if len(items) != 1:
        return 0
    item: Item = items[0]
    text = item.value if type(item) is Element else item
    return len(text) if type(text) is str and len(text) > _LONG else 0


@node(Call)
def _call(node: Call) -> Run:
    source = _this if node.source is None else compile_node(node.source)
    special = CALLS.get(node.name)
    if special is not None:
        least, most, make = special
        _check_count(node, least, most)
        return positioned(node.position)(make(node, source))
    if node.name not in FUNCTIONS:
        raise unknown_function(node)
    least, most, function = FUNCTIONS[node.name]
    _check_count(node, least, most)
    arguments = [compile_node(argument) for argument in node.arguments]
    position = node.position

    def run(env: Environment, focus: Items) -> Items:
        items = source(env, focus)
        given = []
        if arguments:
            saved = env.variables
            for argument in arguments:
                given.append(argument(env, focus))
                env.variables = saved
        try:
            weight = _weight(items)
            if weight:
                env.write(weight)
            result = function(env, items, given)
            weight = _weight(result)
            if weight:
                env.write(weight)
            return result
        except FhirPathError as error:
            error.position = position if error.position is None else error.position
            raise

    return run


def unknown_function(node: Call) -> SemanticProblem:
    """There is no such function; the nearest name is the hint."""
    hint = suggestion(node.name, [*FUNCTIONS, *CALLS], "{}()") or (
        f"If it is an element, write {node.name} without brackets."
        if not node.arguments
        else "Check its name in the specification."
    )
    return SemanticProblem(f"There is no function {node.name}().", hint, node.position)


def _check_count(node: Call, least: int, most: int) -> None:
    if not least <= len(node.arguments) <= most:
        raise SemanticProblem(
            f"{node.name}() takes {count_text(least, most)}, not {len(node.arguments)}.",
            f"{'Add' if len(node.arguments) < least else 'Leave out'} what is "
            f"{'missing' if len(node.arguments) < least else 'too much'} between the brackets.",
            node.position,
        )


def count_text(least: int, most: int) -> str:
    """How many arguments, in words."""
    if most == 0:
        return "no arguments"
    if least == most:
        return f"{least} argument{'' if least == 1 else 's'}"
    if most >= 99:
        return f"{least} arguments or more" if least != 1 else "one argument or more"
    return f"{least} to {most} arguments"
