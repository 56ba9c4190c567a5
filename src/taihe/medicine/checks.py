"""
Checks: what upper contexts say about a prescription before it is signed.

They are registered in `config` only. A check that fails does not let a prescription pass: the
prescription asks for a second signature and says which check did not answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from taihe.base.logs import describe
from taihe.medicine.domain.form import form_findings
from taihe.medicine.domain.prescription import CheckFinding, PrescriptionDraft, gravest_first

Check = Callable[[PrescriptionDraft], list[CheckFinding]]
log = logging.getLogger("taihe.medicine.checks")

_checks: dict[str, Check] = {}


def register(name: str, check: Check) -> None:
    """Add a check under the words a page shows for it; the same name again replaces it."""
    _checks[name] = check


def registered() -> tuple[str, ...]:
    """The names of the checks, in order of registration."""
    return tuple(_checks)


def run(draft: PrescriptionDraft) -> list[tuple[str, CheckFinding]]:
    """Every finding with the name of its check, the gravest first; nothing is stored."""
    found = [("处方格式", finding) for finding in form_findings(draft)]
    for name, check in _checks.items():
        try:
            found += [(name, finding) for finding in check(draft)]
        except Exception as error:  # noqa: BLE001 - a broken check must not let anything pass
            log.error("check failed: %s", describe(error))
            found.append((name, _silent(name)))
    order = {id(finding): i for i, finding in enumerate(gravest_first(f for _, f in found))}
    return sorted(found, key=lambda pair: order[id(pair[1])])


def _silent(name: str) -> CheckFinding:
    return CheckFinding(
        "sign",
        "太和",
        "check-failed",
        f"“{name}”没有给出结果，请自行核对后再次签名。",
        "审核没有完成的处方不能直接通过。",
    )
