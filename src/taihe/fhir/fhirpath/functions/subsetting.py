"""Functions that take a part of a collection or join two (https://hl7.org/fhirpath/#subsetting)."""

from __future__ import annotations

from taihe.fhir.fhirpath import operators
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.functions.arguments import Items, answer, function, single, truth, whole_of


@function("single")
def _single(env: Environment, source: Items, args: list[Items]) -> Items:
    return answer(single(source, "single()"))


@function("first")
def _first(env: Environment, source: Items, args: list[Items]) -> Items:
    return source[:1]


@function("last")
def _last(env: Environment, source: Items, args: list[Items]) -> Items:
    return source[-1:]


@function("tail")
def _tail(env: Environment, source: Items, args: list[Items]) -> Items:
    return source[1:]


@function("skip", 1)
def _skip(env: Environment, source: Items, args: list[Items]) -> Items:
    count = whole_of(args[0], "skip()")
    return source if count is None else source[max(count, 0) :]


@function("take", 1)
def _take(env: Environment, source: Items, args: list[Items]) -> Items:
    count = whole_of(args[0], "take()")
    return [] if count is None else source[: max(count, 0)]


@function("intersect", 1)
def _intersect(env: Environment, source: Items, args: list[Items]) -> Items:
    env.weigh(source)
    env.weigh(args[0])
    known = {operators.key_of(item) for item in args[0]}
    return [item for item in operators.distinct(source) if operators.key_of(item) in known]


@function("exclude", 1)
def _exclude(env: Environment, source: Items, args: list[Items]) -> Items:
    env.weigh(source)
    env.weigh(args[0])
    known = {operators.key_of(item) for item in args[0]}
    return [item for item in source if operators.key_of(item) not in known]


@function("union", 1)
def _union(env: Environment, source: Items, args: list[Items]) -> Items:
    env.weigh(source)
    env.weigh(args[0])
    env.spend(len(source) + len(args[0]))
    return operators.distinct(source + args[0])


@function("combine", 1, 2)
def _combine(env: Environment, source: Items, args: list[Items]) -> Items:
    if len(args) > 1:
        truth(args[1], "combine()")  # the order is kept anyway
    env.spend(len(source) + len(args[0]))
    return source + args[0]
