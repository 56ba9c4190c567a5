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
    `line` and `column` count from 1.
    """

    position: int | None = None
    expression: str = ""

    kind: ClassVar[str] = "execution"

    @property
    def line(self) -> int | None:
        """The line of the expression, None when the position is not known."""
        if self.position is None:
            return None
        return self.expression.count("\n", 0, self.position) + 1

    @property
    def column(self) -> int | None:
        """The column in its line, None when the position is not known."""
        if self.position is None:
            return None
        return self.position - self.expression.rfind("\n", 0, self.position)

    def __str__(self) -> str:
        where = "" if self.position is None else f" (at character {self.position + 1})"
        if where and "\n" in self.expression:
            where = f" (at line {self.line}, column {self.column})"
        problem = self.problem
        if where and problem.endswith("."):
            problem, where = problem[:-1], where + "."
        return f"{problem}{where} {self.do}".strip()


class SyntaxProblem(FhirPathError):
    """The text is no FHIRPath expression."""

    kind = "syntax"


class SemanticProblem(FhirPathError):
    """The expression is well formed but cannot be right for its type."""

    kind = "semantic"


class ExecutionProblem(FhirPathError):
    """The expression fails on this data."""

    kind = "execution"
