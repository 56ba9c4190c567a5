"""
One family of errors, each with a category that is turned once into a page, an HTTP status
and an OperationOutcome.

The message is for the person who has to act: it says what is wrong and what to do next,
and it never holds a value of a patient.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Category(StrEnum):
    """What kind of trouble it is; the HTTP status follows from this alone."""

    INCORRECT = "incorrect"
    NOT_FOUND = "not-found"
    FORBIDDEN = "forbidden"
    CONFLICT = "conflict"
    UNSUPPORTED = "unsupported"
    BUSY = "busy"
    FAULT = "fault"


HTTP_STATUS: dict[Category, int] = {
    Category.INCORRECT: 400,
    Category.NOT_FOUND: 404,
    Category.FORBIDDEN: 403,
    Category.CONFLICT: 409,
    Category.UNSUPPORTED: 422,
    Category.BUSY: 503,
    Category.FAULT: 500,
}


@dataclass
class TaiheError(Exception):
    """
    Base of all expected errors.

    `problem` says what is wrong, `do` what to do next. Subclasses set `category`, add fields
    and a `code` (FHIR issue type: https://hl7.org/fhir/R4/valueset-issue-type.html).
    """

    problem: str
    do: str = ""

    category: ClassVar[Category] = Category.FAULT
    code: ClassVar[str] = "exception"

    def __str__(self) -> str:
        return f"{self.problem} {self.do}".strip()

    @property
    def status(self) -> int:
        """The HTTP status of this error's category."""
        return HTTP_STATUS[self.category]


class Incorrect(TaiheError):
    """What was sent is wrong; sending it again unchanged will not help."""

    category = Category.INCORRECT
    code = "invalid"


class NotFound(TaiheError):
    """There is no such thing, or it is not for this reader to know of it."""

    category = Category.NOT_FOUND
    code = "not-found"


class Forbidden(TaiheError):
    """The reader is known and may not do this."""

    category = Category.FORBIDDEN
    code = "forbidden"


class Conflict(TaiheError):
    """The thing has changed, or its state does not allow this."""

    category = Category.CONFLICT
    code = "conflict"


class Unsupported(TaiheError):
    """A right request for something Taihe does not do."""

    category = Category.UNSUPPORTED
    code = "not-supported"


class Busy(TaiheError):
    """The same request may succeed later: a full disk, a locked store, too many sign-ins."""

    category = Category.BUSY
    code = "transient"


class Fault(TaiheError):
    """Our own mistake."""

    category = Category.FAULT
    code = "exception"


@dataclass(frozen=True)
class Problem:
    """
    One thing wrong in a file: where, what, and what to do.

    `line` counts from 1 and includes the header of a table; `column` is the column's name
    in a table and empty in JSON.
    """

    file: str
    line: int | None
    column: str | None
    code: str
    problem: str
    do: str = ""

    def as_json(self) -> dict[str, str | int | None]:
        """The form of `problems` in the results of commands (INTERFACES, load)."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "code": self.code,
            "problem": self.problem,
            "do": self.do,
        }

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        return f"{where}: {self.problem} {self.do}".strip()
