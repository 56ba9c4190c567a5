"""
What a conformance suite yields: one case with its verdict.

Suites live in their contexts and yield cases; `taihe.cli.conformance` counts and prints them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum


class Status(StrEnum):
    """The verdict of one case."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Case:
    """
    One case: `id` is `group/name`, `file/title` or a path; `message` says what went wrong.

    A skip is not a pass and needs a reason.
    """

    id: str
    status: str
    message: str = ""

    def __post_init__(self) -> None:
        Status(self.status)
        if not self.message and self.status == Status.SKIPPED:
            raise ValueError(f"{self.id}: a skip needs a reason")

    def as_json(self) -> dict[str, str]:
        """The form of `cases` in the result of `taihe conformance`."""
        return {"id": self.id, "status": str(self.status), "message": self.message}


def numbered(cases: Iterable[Case]) -> list[Case]:
    """The cases with each id once: a repeated one gets `#2`, `#3`, in the order of the cases."""
    seen: dict[str, int] = {}
    result = []
    for case in cases:
        count = seen[case.id] = seen.get(case.id, 0) + 1
        result.append(case if count == 1 else replace(case, id=f"{case.id}#{count}"))
    return result
