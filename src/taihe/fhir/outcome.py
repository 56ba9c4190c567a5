"""Issues, and the OperationOutcome that says them (https://hl7.org/fhir/R4/operationoutcome.html)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from taihe.kernel.errors import TaiheError


@dataclass(frozen=True, slots=True)
class Issue:
    """
    One thing to say about a resource.

    `severity` is fatal, error, warning or information, `code` an R4 issue type, `location`
    FHIRPath from the resource ("Patient.name[0].given[1]", "" for the whole). `problem` says
    what is wrong in a clerk's words and holds no value of a patient; `do` what to do.
    """

    severity: str
    code: str
    location: str
    problem: str
    do: str = ""

    @property
    def is_error(self) -> bool:
        """Whether the resource cannot be accepted because of it."""
        return self.severity in ("fatal", "error")


def _issue(issue: Issue) -> dict[str, Any]:
    said: dict[str, Any] = {"severity": issue.severity, "code": issue.code}
    said["details"] = {"text": f"{issue.problem} {issue.do}".strip()}
    if issue.location:
        said["expression"] = [issue.location]
    return said


def operation_outcome(found: Iterable[Issue] | TaiheError) -> dict[str, Any]:
    """
    The OperationOutcome of some issues, or of an error.

    Without any issue it says that all is well, since an OperationOutcome may not be empty.
    """
    if isinstance(found, TaiheError):
        issues = [Issue("error", found.code, "", found.problem, found.do)]
    else:
        issues = list(found)
    if not issues:
        issues = [Issue("information", "informational", "", "No problem was found.")]
    return {"resourceType": "OperationOutcome", "issue": [_issue(issue) for issue in issues]}
