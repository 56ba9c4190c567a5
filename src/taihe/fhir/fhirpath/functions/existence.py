"""Functions that ask whether something is there (https://hl7.org/fhirpath/#existence)."""

from __future__ import annotations

from taihe.fhir.fhirpath import operators
from taihe.fhir.fhirpath.elements import atom
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.errors import ExecutionProblem
from taihe.fhir.fhirpath.functions.arguments import Items, answer, function, truth


@function("empty")
def _empty(env: Environment, source: Items, args: list[Items]) -> Items:
    return [not source]


@function("not")
def _not(env: Environment, source: Items, args: list[Items]) -> Items:
    value = truth(source, "not()")
    return answer(None if value is None else not value)


def _booleans(source: Items, name: str) -> list[bool]:
    found = [atom(item) for item in source]
    if not all(isinstance(value, bool) for value in found):
        raise ExecutionProblem(
            f"{name} takes booleans only.", "Make them with select(), or use all() or exists()."
        )
    return found


@function("allTrue")
def _all_true(env: Environment, source: Items, args: list[Items]) -> Items:
    return [all(_booleans(source, "allTrue()"))]


@function("anyTrue")
def _any_true(env: Environment, source: Items, args: list[Items]) -> Items:
    return [any(_booleans(source, "anyTrue()"))]


@function("allFalse")
def _all_false(env: Environment, source: Items, args: list[Items]) -> Items:
    return [not any(_booleans(source, "allFalse()"))]


@function("anyFalse")
def _any_false(env: Environment, source: Items, args: list[Items]) -> Items:
    return [not all(_booleans(source, "anyFalse()"))]


@function("subsetOf", 1)
def _subset_of(env: Environment, source: Items, args: list[Items]) -> Items:
    env.weigh(source)
    env.weigh(args[0])
    return [{operators.key_of(i) for i in source} <= {operators.key_of(i) for i in args[0]}]


@function("supersetOf", 1)
def _superset_of(env: Environment, source: Items, args: list[Items]) -> Items:
    env.weigh(source)
    env.weigh(args[0])
    return [{operators.key_of(i) for i in args[0]} <= {operators.key_of(i) for i in source}]


@function("count")
def _count(env: Environment, source: Items, args: list[Items]) -> Items:
    return [len(source)]


@function("distinct")
def _distinct(env: Environment, source: Items, args: list[Items]) -> Items:
    env.weigh(source)
    return operators.distinct(source)


@function("isDistinct")
def _is_distinct(env: Environment, source: Items, args: list[Items]) -> Items:
    env.weigh(source)
    return [len(operators.distinct(source)) == len(source)]
