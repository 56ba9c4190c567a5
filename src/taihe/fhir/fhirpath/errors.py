"""Errors of FHIRPath: of three kinds, with the position in the expression and a hint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from taihe.kernel.errors import Incorrect


@dataclass
class FhirPathError(Incorrect):
    """
    An expression that cannot be read, makes no sense, or fails on the data.

    `position` counts characters of the expression from 0; None when it is not known.
    """

    position: int | None = None

    kind: ClassVar[str] = "execution"

    def __str__(self) -> str:
        where = "" if self.position is None else f" (at character {self.position + 1})"
        return f"{self.problem}{where} {self.do}".strip()


class SyntaxProblem(FhirPathError):
    """The text is no FHIRPath expression."""

    kind = "syntax"


class SemanticProblem(FhirPathError):
    """The expression is well formed but cannot be right for its type."""

    kind = "semantic"


class ExecutionProblem(FhirPathError):
    """The expression fails on this data."""

    kind = "execution"
