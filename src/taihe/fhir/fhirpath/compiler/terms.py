"""Literals, names, variables and indexes."""

from __future__ import annotations

from decimal import Decimal

from taihe.fhir import model
from taihe.fhir.fhirpath.compiler.dispatch import Items, Run, compile_node, node, positioned
from taihe.fhir.fhirpath.elements import Element, Item, add_children, atom, in_words
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.errors import ExecutionProblem, SyntaxProblem
from taihe.fhir.fhirpath.functions import single
from taihe.fhir.fhirpath.suggestions import suggestion
from taihe.fhir.fhirpath.tree import Empty, Index, Literal, Member, Node, Special, Variable
from taihe.fhir.fhirpath.values import Long, Quantity, parse_temporal

CONSTANTS = {
    "sct": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
    "ucum": "http://unitsofmeasure.org",
}


_MANY = 20  # a path to fewer elements costs nothing


@node(Literal)
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
    elif node.kind == "Long":
        value = Long(int(node.value))
    elif node.kind == "Quantity":
        value = Quantity(Decimal(str(node.value)), node.unit, node.calendar)
    answer = [value]
    return lambda env, focus: answer


@node(Empty)
def _empty(node: Empty) -> Run:
    return lambda env, focus: []


@node(Special)
def _special(node: Special) -> Run:
    if node.name == "$this":
        return lambda env, focus: env.this
    if node.name == "$index":
        return lambda env, focus: [] if env.index is None else [env.index]
    return lambda env, focus: env.total


@node(Variable)
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
            known = [*env.variables, *CONSTANTS, "resource", "rootResource"]
            hint = suggestion(name, known, "%{}") or "Define it, or check its name."
            raise ExecutionProblem(
                f"The variable %{name} is not defined.", hint, position
            ) from None

    return run


@node(Member)
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
                if len(out) > _MANY:
                    env.work(len(out))
                return out

            return typed

        def start(env: Environment, focus: Items) -> Items:
            out: Items = []
            for item in focus:
                add_children(item, name, out)
            if len(out) > _MANY:
                env.work(len(out))
            return out

        return start
    source = compile_node(node.source)

    def run(env: Environment, focus: Items) -> Items:
        out: Items = []
        for item in source(env, focus):
            add_children(item, name, out)
        if len(out) > _MANY:
            env.work(len(out))
        return out

    return run


def index_hint(source: Node) -> str:
    """What to write instead of text in square brackets."""
    if isinstance(source, Member) and source.name == "extension":
        return "Write extension('...') with round brackets."
    return "Choose by a value with where()."


@node(Index)
def _index(node: Index) -> Run:
    source, index = compile_node(node.source), compile_node(node.index)

    @positioned(node.position)
    def run(env: Environment, focus: Items) -> Items:
        items = source(env, focus)
        at = single(index(env, focus), "An index")
        if at is None:
            return []
        at = atom(at)
        if not isinstance(at, int) or isinstance(at, bool):
            raise ExecutionProblem(
                f"An index is a whole number, not {in_words(at)}.",
                index_hint(node.source),
            )
        return [items[at]] if 0 <= at < len(items) else []

    return run
