"""
The draft of an appeal, from the claim lines and the record: facts only, for a person to finish.

Nothing is argued for the hospital: where a reason must stand, the draft says what is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from taihe.claims import models, people, presenters, rule_rows
from taihe.claims.queries import EvidenceLine, Stay
from taihe.kernel.codes import Purpose
from taihe.kernel.money import yuan_text
from taihe.record.public import Reader

AROUND = timedelta(days=30)
MOST_DIAGNOSES = 6
MOST_LINES = 5


def draft(
    reader: Reader,
    case: models.Case,
    finding: models.Finding,
    lines: Sequence[EvidenceLine],
    stays: Sequence[Stay],
    *,
    on: date,
    route: str,
) -> str:
    """The text to start from; opens the record, which writes the access entry."""
    kind = rule_rows.kinds()[finding.kind].title
    said = [f"案件 {case.number}，{kind}。"]
    if stays:
        said.append(f"涉及就诊：{presenters.stay_words(stays)}。")
    for line in [line for line in lines if line.violating][:MOST_LINES]:
        said.append(
            f"{line.day.isoformat()} {line.name}，数量 {line.quantity}，"
            f"{yuan_text(line.amount_fen)} 元。"
        )
    diagnoses = _diagnoses(reader, finding, stays, on=on, route=route)
    if diagnoses:
        said.append("档案中当时的诊断：" + "；".join(diagnoses) + "。")
    else:
        said.append("档案中没有查到当时的诊断，请补写。")
    basis = presenters.basis(finding)
    if basis.clause:
        said.append(f"规则条文：{basis.clause}")
    said.append("申诉理由：")
    return "\n".join(said)


def _diagnoses(
    reader: Reader, finding: models.Finding, stays: Sequence[Stay], *, on: date, route: str
) -> list[str]:
    if finding.person is None:
        return []
    record = people.read(
        reader, finding.person, Purpose.PAYMENT, action="appeal", route=route, on=on
    )
    first = min((stay.begin for stay in stays), default=on)
    last = max((stay.end or stay.begin for stay in stays), default=on)
    found = []
    for problem in record.problems:
        since = problem.since[:10]
        if problem.is_listed and since <= last.isoformat():
            found.append(f"{problem.name}（{since} 起）")
        elif (first - AROUND).isoformat() <= since <= last.isoformat():
            found.append(f"{problem.name}（{since}）")
    return list(dict.fromkeys(found))[:MOST_DIAGNOSES]
