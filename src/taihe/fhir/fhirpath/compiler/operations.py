"""Signs, operators and type tests."""

from __future__ import annotations

from decimal import Decimal

from taihe.fhir.fhirpath import operators
from taihe.fhir.fhirpath.compiler.dispatch import Items, Run, compile_node, node, positioned
from taihe.fhir.fhirpath.compiler.types import typed
from taihe.fhir.fhirpath.elements import Element, Item, atom, in_words
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.errors import ExecutionProblem
from taihe.fhir.fhirpath.functions import answer, single, to_text, truth
from taihe.fhir.fhirpath.tree import Binary, TypeTest, Unary
from taihe.fhir.fhirpath.values import Long, Quantity


@node(Unary)
def _unary(node: Unary) -> Run:
    operand = compile_node(node.operand)
    negative = node.operator == "-"

    @positioned(node.position)
    def run(env: Environment, focus: Items) -> Items:
        item = single(operand(env, focus), "A sign")
        if item is None:
            return []
        value = atom(item)
        if isinstance(value, Quantity):
            return [
                Quantity(value.value.copy_negate(), value.unit, value.calendar)
                if negative
                else value
            ]
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise ExecutionProblem(
                f"{node.operator} as a sign takes a number, not {in_words(item)}.",
                "A call binds more strongly than a sign: write (-1).abs() for -1.abs().",
            )
        if negative and isinstance(value, int):
            return answer(operators.in_range(-int(value), long=isinstance(value, Long)))
        turned = negative and isinstance(value, Decimal) and not value.is_zero()
        return [Decimal(value).copy_negate() if turned else value]

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


@node(Binary)
def _binary(node: Binary) -> Run:
    made = _made(node)
    return made if node.operator in ("=", "!=") else positioned(node.position)(made)


def _made(node: Binary) -> Run:
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
            both = one + two
            env.spend(len(both))
            env.weigh(both)
            return operators.distinct(both)

        return union
    if operator in ("=", "!="):
        negate = operator == "!="

        def equality(env: Environment, focus: Items) -> Items:
            one, two = left(env, focus), right(env, focus)
            if len(one) == len(two) and one and type(one[0]) is Element:
                env.weigh(one)
            result = operators.equal(one, two)
            return [] if result is None else [result != negate]

        return equality
    if operator in ("~", "!~"):
        differ = operator == "!~"

        def equivalence(env: Environment, focus: Items) -> Items:
            one, two = left(env, focus), right(env, focus)
            if len(one) == len(two):
                env.weigh(one)
                if len(one) > 10:
                    env.work(len(one) * len(two) // 4)
            return [operators.equivalent(one, two) != differ]

        return equivalence
    if operator in ("in", "contains"):
        return _membership(operator, left, right)
    if operator == "&":

        def joined(env: Environment, focus: Items) -> Items:
            one, two = single(left(env, focus), "&"), single(right(env, focus), "&")
            text = operators.joined(
                ("" if one is None else to_text(one)) or "",
                ("" if two is None else to_text(two)) or "",
            )
            if len(text) > 1000:
                env.write(len(text))
            return [text]

        return joined

    def run(env: Environment, focus: Items) -> Items:
        one = single(left(env, focus), operator)
        two = single(right(env, focus), operator)
        if one is None or two is None:
            return []
        if operator in ("<", "<=", ">", ">="):
            result: Item = operators.compare(one, two, operator)
        else:
            result = operators.arithmetic(operator, one, two)
            if isinstance(result, str) and len(result) > 1000:
                env.write(len(result))
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
        if item is None:
            return []
        env.work(len(many))
        if type(item) is Element:
            env.weigh(many)
        return [operators.member_of(item, many)]

    return run


@node(TypeTest)
def _type_test(node: TypeTest) -> Run:
    return typed(node.operator, compile_node(node.operand), node.type, node.position)
