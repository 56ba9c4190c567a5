"""Functions of dates and times (FHIRPath 3.0, components and intervals)."""

from __future__ import annotations

from decimal import Decimal

from taihe.fhir.fhirpath import dates
from taihe.fhir.fhirpath.elements import atom, in_words
from taihe.fhir.fhirpath.environment import Environment
from taihe.fhir.fhirpath.errors import ExecutionProblem
from taihe.fhir.fhirpath.functions.arguments import Items, answer, function, single, text_of
from taihe.fhir.fhirpath.values import Temporal


def _temporal_of(source: Items, name: str) -> Temporal | None:
    item = single(source, f"{name}()")
    value = None if item is None else atom(item)
    return value if isinstance(value, Temporal) else None


def _component(part: str) -> None:
    name = f"{part}Of"

    @function(name)
    def run(env: Environment, source: Items, args: list[Items]) -> Items:
        value = _temporal_of(source, name)
        return answer(None if value is None else dates.part_of(value, part))


for _part in ("year", "month", "day", "hour", "minute", "second", "millisecond"):
    _component(_part)


@function("timezoneOffsetOf")
def _timezone_offset_of(env: Environment, source: Items, args: list[Items]) -> Items:
    value = _temporal_of(source, "timezoneOffsetOf")
    if value is None or value.zone is None:
        return []
    hours = Decimal(value.zone) / 60
    return [hours.quantize(Decimal("0.1")) if value.zone % 60 == 0 else hours]


@function("dateOf")
def _date_of(env: Environment, source: Items, args: list[Items]) -> Items:
    value = _temporal_of(source, "dateOf")
    if value is None or value.kind == "Time":
        return []
    return [Temporal("Date", value.parts[:3])]


@function("timeOf")
def _time_of(env: Environment, source: Items, args: list[Items]) -> Items:
    value = _temporal_of(source, "timeOf")
    if value is None or value.kind != "DateTime" or len(value.parts) < 4:
        return []
    return [Temporal("Time", value.parts[3:])]


def _interval(name: str) -> None:
    measure = getattr(dates, name)

    @function(name, 2)
    def run(env: Environment, source: Items, args: list[Items]) -> Items:
        one, two = single(source, f"{name}()"), single(args[0], f"{name}()")
        precision = text_of(args[1], f"{name}()")
        if one is None or two is None or precision is None:
            return []
        values = atom(one), atom(two)
        for value in values:
            if not isinstance(value, Temporal):
                raise ExecutionProblem(
                    f"{name}() takes dates or times, not {in_words(value)}.",
                    "Use toDate() or toDateTime().",
                )
        return answer(measure(*values, precision))


_interval("duration")
_interval("difference")
