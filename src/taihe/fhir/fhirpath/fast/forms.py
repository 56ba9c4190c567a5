"""From a tree to its fast form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from taihe.fhir import model
from taihe.fhir.fhirpath.fast.functions import Functions
from taihe.fhir.fhirpath.fast.looks import ANY
from taihe.fhir.fhirpath.fast.runtime import MOST_WORK, Fast
from taihe.fhir.fhirpath.fast.shapes import Shape
from taihe.fhir.fhirpath.fast.writer import Mixed, NotFast, Several, TooMuch, calls, uses
from taihe.fhir.fhirpath.tree import Member, Node, nodes_of

MOST_NODES = 1500
# What looks at where an element was found, or changes what a name means further on.
_NEVER = frozenset(("defineVariable", "pathname", "slice", "elementDefinition"))


@dataclass(frozen=True)
class Form:
    """A written function: itself, its text, and how many nodes call their closures."""

    function: Callable[..., list[Any]]
    text: str
    closures: int


def _write(
    tree: Node, root: Shape, focus: Shape, header: str, begin: str, *, items: bool
) -> Form | None:
    nodes = list(islice(nodes_of(tree), MOST_NODES + 1))
    if len(nodes) > MOST_NODES or calls(tree, _NEVER):
        return None
    pen = Functions(root, focus, owners=items or calls(tree, frozenset(("resolve",))))

    def give(item: Shape) -> None:
        if items and (not item.type or item.kind == "complex"):
            raise Mixed  # other expressions may ask where it was found
        if items:
            pen.line(f"out.append({pen.boxed(item)})")
        elif item.type and item.kind not in ("temporal", "quantity"):
            pen.line(f"out.append({item.variable})")
        elif item.kind == "temporal" and not items:
            pen.line(f"out.append(temporal_text({item.variable}))")
        else:
            pen.line(f"put(out, {item.variable})")

    try:
        begun = pen.mark()
        try:
            if items or not isinstance(tree, Member):
                raise NotFast
            pen.each_of(tree, focus, give, ANY)
        except NotFast:
            pen.back(begun)
            pen.each(tree, focus, give)
    except (NotFast, TooMuch, Mixed, Several, RecursionError):
        return None
    head = [header]
    if begin and pen.uses_clock:
        head += ["    clock = Clock(now)", "    now = clock.clock()"]
    if begin and pen.uses_env:
        head.append(f"    {begin}")
    if pen.uses_meter:
        head.append("    meter = Meter()")
    if pen.uses_work:
        head.append(f"    left = {MOST_WORK}")
    text = "\n".join([*head, "    out = []", *_filled(pen.lines), "    return out"])
    try:
        # Only names of the type model, numbers of lines and reprs of literals get into the text.
        exec(compile(text, "<fhirpath>", "exec"), pen.space)  # noqa: S102
    except (SyntaxError, RecursionError, MemoryError):
        return None  # nested deeper than Python allows
    return Form(pen.space["fast"], text, pen.closures)


def _filled(lines: list[str]) -> list[str]:
    """The lines, with a body in every block."""
    out: list[str] = []
    depths = [len(line) - len(line.lstrip()) for line in lines] + [0]
    for at, line in enumerate(lines):
        out.append(line)
        if line.endswith(":") and depths[at + 1] <= depths[at]:
            out.append(" " * (depths[at] + 4) + "pass")
    return out


def written(tree: Node, resource_type: str) -> Form | None:
    """The form that takes a resource's JSON and the time, and gives JSON."""
    root = Shape("r", resource_type, resource_type)
    return _write(tree, root, root, "def fast(r, now):", "env = begin(r, now)", items=False)


def written_for_items(tree: Node, type: str, place: str) -> Form | None:
    """The form that takes an environment and one element, and gives items."""
    focus = Shape("r", type, place, "e")
    known = model.fields(place) or model.kind(type)
    if not known or uses(tree, "$index") or uses(tree, "$total"):
        return None
    header = "def fast(env, e):\n    if e.extra is not None: raise Slow\n    r = e.value"
    pen = Functions(Shape("", ""), focus, owners=True)
    pen.check(focus)
    header += "\n" + "\n".join(pen.lines)
    return _write(tree, Shape("", ""), focus, header, "", items=True)


def fast_form(tree: Node, resource_type: str) -> Fast | None:
    """The function of an expression for a resource type, or None when it has no fast form."""
    form = written(tree, resource_type)
    return None if form is None else form.function
