"""What a search asks, read and checked: conditions, chains, includes, order."""

from __future__ import annotations

from dataclasses import dataclass

from taihe.fhir.search.parameters import Parameter


@dataclass(frozen=True, slots=True)
class Value:
    """
    One alternative of a condition.

    `system` is None when any system will do and "" when there must be none; for a reference
    it is the target type, None when any. `code` is a token's code (None: any code of the
    system), a reference's id or address, text, a uri, or a unit (None: any unit). `low` and
    `high` are the range that a date (microseconds since 1970, half open) or a number means.
    """

    text: str
    prefix: str = "eq"
    system: str | None = None
    code: str | None = None
    low: int | float | None = None
    high: int | float | None = None
    number: float | None = None
    parts: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """
    One parameter of a query; its values are alternatives, conditions all hold together.

    The values of `:in`, `:not-in`, and of `:above` and `:below` of a token, are the codes that
    the terms gave. `hierarchies` are the parameters by which `:above` and `:below` of a
    reference walk, each of a type by which a resource names what it is part of. A filter has
    further modifiers: `equal`, `unequal`, `ends` and `overlaps`.
    """

    parameter: Parameter
    modifier: str
    values: tuple[Value, ...]
    missing: bool | None = None
    hierarchies: tuple[Parameter, ...] = ()

    @property
    def kind(self) -> str:
        """The kind of the parameter."""
        return self.parameter.kind


@dataclass(frozen=True, slots=True)
class Chain:
    """
    A condition on what a resource refers to, as in `subject:Patient.name=Li`.

    `targets` are the types that the reference may lead to, each with the condition there; a
    type that lacks the parameter is left out.
    """

    parameter: Parameter
    targets: tuple[tuple[str, Criterion], ...]


@dataclass(frozen=True, slots=True)
class Has:
    """A condition on resources of `type` that refer to this one (`_has`)."""

    type: str
    parameter: Parameter
    condition: Criterion


@dataclass(frozen=True, slots=True)
class Words:
    """
    Words that must all stand in the narrative (`_text`) or in any text (`_content`).

    Each alternative is a tuple of words as they were written; what stands in which text is
    said in `taihe.fhir.search.words`.
    """

    parameter: Parameter
    alternatives: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Junction:
    """Criteria joined by `and`, `or` or `not`, as a filter joins them; `not` has one."""

    operator: str
    criteria: tuple[Criterion, ...]


Criterion = Condition | Chain | Has | Words | Junction


@dataclass(frozen=True, slots=True)
class Sort:
    """One key of the order of a result."""

    parameter: Parameter
    descending: bool


@dataclass(frozen=True, slots=True)
class Include:
    """An `_include` or `_revinclude`: `code` is "*" for every reference; `target` "" for any."""

    type: str
    code: str
    target: str
    reverse: bool
    iterate: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A search over one resource type, read and checked."""

    type: str
    conditions: tuple[Criterion, ...] = ()
    count: int | None = None
    page: str | None = None
    sort: tuple[Sort, ...] = ()
    total: str | None = None
    summary: str | None = None
    elements: tuple[str, ...] = ()
    includes: tuple[Include, ...] = ()


def is_address(code: str) -> bool:
    """Whether the code of a reference is a whole address; an id has neither "/" nor ":"."""
    return "/" in code or ":" in code
