"""Prescriptions without a database: verdicts, rules of form, the catalogue, tokens, the way."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from taihe.kernel.errors import Conflict
from taihe.medicine import checks, tokens
from taihe.medicine.domain.catalogue import FOR, catalogue, resolve, search
from taihe.medicine.domain.form import form_findings
from taihe.medicine.domain.prescription import (
    CheckFinding,
    DraftLine,
    PrescriptionDraft,
    verdict,
)
from taihe.medicine.domain.workflow import PRESCRIPTION

DAY = date(2026, 11, 24)


def drug(name: str = "药", days: int | None = 7, code: str = "X1") -> DraftLine:
    return DraftLine(code, name, Decimal(1), "盒", "", days)


def draft(*lines: DraftLine, **more) -> PrescriptionDraft:
    usual = {"kind": "western", "on": DAY, "diagnosis": "高血压"}
    return PrescriptionDraft(lines=lines or (drug(),), **(usual | more))


# lines, more                                                 rule rows that speak
FORM = [
    ("one drug for a week", draft(), []),
    ("five drugs", draft(*[drug(f"药{n}") for n in range(5)]), []),
    ("six drugs", draft(*[drug(f"药{n}") for n in range(6)]), ["RXF-ITEMS"]),
    ("eight days", draft(drug(days=8)), ["RXF-DAYS"]),
    ("eight days with a reason", draft(drug(days=8), reason="长期处方"), []),
    ("84 days with a reason", draft(drug(days=84), reason="长期处方"), []),
    ("85 days with a reason", draft(drug(days=85), reason="长期处方"), ["RXF-LONG"]),
    ("a slice among drugs", draft(drug(code="T001")), ["RXF-ALONE"]),
    ("no diagnosis", draft(diagnosis=" "), ["RXF-DIAGNOSIS"]),
    ("sixteen slices for ten days", draft(*[drug(f"草{n}", None, "T1") for n in range(16)], kind="tcm", doses=10), []),
]  # fmt: skip


@pytest.mark.parametrize(("made", "rows"), [f[1:] for f in FORM], ids=[f[0] for f in FORM])
def test_the_form_of_a_prescription(made, rows) -> None:
    assert [finding.rule_id for finding in form_findings(made)] == rows


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([], "pass"),
        (["pass", "warn"], "warn"),
        (["warn", "sign", "pass"], "sign"),
        (["sign", "block", "warn"], "block"),
    ],
)
def test_the_gravest_result_decides(results, expected) -> None:
    assert verdict(CheckFinding(r, "s", "r", "m") for r in results) == expected


def test_age_counts_full_years() -> None:
    assert draft(birth_date=date(1996, 11, 25)).age == 29
    assert draft(birth_date=date(1996, 11, 24)).age == 30


def test_a_check_that_breaks_lets_nothing_pass(monkeypatch) -> None:
    monkeypatch.setattr(checks, "_checks", {})

    def broken(_: PrescriptionDraft) -> list[CheckFinding]:
        raise ValueError("no")

    checks.register("坏了的审核", broken)
    found = checks.run(draft())
    assert [(name, finding.result) for name, finding in found] == [("坏了的审核", "sign")]


# what is typed        the name that is meant, or how many candidates are asked back
FOUND = [
    ("益母草颗粒", "益母草颗粒"),
    ("ymckl", "益母草颗粒"),
    ("YMCKL", "益母草颗粒"),
    ("yimucaokeli", "益母草颗粒"),
    ("ZD01BAY0318010100281", "益母草颗粒"),
    ("zd01bay0318010100281", "益母草颗粒"),
    ("益母草颗粒 ZD01BAY0318010100281", "益母草颗粒"),
    ("ｂｈｓａｌｄｐｐ", "苯磺酸氨氯地平片"),
    ("苯磺酸氨氯地平", "苯磺酸氨氯地平片"),
    ("ymc", "several"),
    ("神仙丸", "nothing"),
    ("", "nothing"),
    ("'; DROP TABLE", "nothing"),
]


@pytest.mark.parametrize(("text", "meant"), FOUND)
def test_a_drug_is_found_by_name_initials_pinyin_and_code(text, meant) -> None:
    found = resolve(text, kinds=FOR["western"])
    if isinstance(found, list):
        assert meant == ("several" if found else "nothing")
    else:
        assert found.name == meant


def test_slices_have_national_codes_where_the_rules_name_them() -> None:
    assert resolve("薄荷", kinds=FOR["tcm"]).code.startswith("T00")
    assert resolve("附子", kinds=FOR["tcm"]).name == "附子"
    assert search("附子", kinds=FOR["western"]) == [] or all(
        "附子" in one.drug.name and one.drug.kind != "slice"
        for one in search("附子", kinds=FOR["western"])
    )


def test_the_catalogue_says_where_it_comes_from() -> None:
    known = catalogue()
    assert len(known.by_code) > 13_000
    assert all(drug.source for drug in known.by_code.values())
    neutral = [drug for code, drug in known.by_code.items() if code.endswith("99001")]
    assert all("示例" in drug.source for drug in neutral)


def test_a_token_is_read_as_people_type_it() -> None:
    token = "ABCDEFGH234567IJKLMNOPQB"
    for typed in (
        token,
        tokens.scanned(token),
        tokens.written(token),
        tokens.written(token).lower(),
        "ＡＢＣＤ efgh 2345 67ij klmn opqb",
        token.replace("B", "8").replace("I", "1").replace("O", "0"),
    ):
        assert tokens.read(typed) == token
    for wrong in ("", "ABC", token + "A", "王秀英", "' OR 1=1 --"):
        assert tokens.read(wrong) == ""


def test_the_picture_of_a_token_needs_no_style() -> None:
    picture = tokens.picture("ABCDEFGH234567IJKLMNOPQB")
    assert picture.startswith("<svg") and "style=" not in picture and "<script" not in picture


# what can be done                     from       leads to
WAY = """
pass         draft     ready
refuse       draft     refused
amend        refused   draft
amend        ready     draft
amend        second    draft
amend        returned  draft
sign         ready     signed
sign_first   ready     second
sign_again   second    signed
dispense     signed    dispensed
return       signed    returned
expire       signed    expired
withdraw     refused   withdrawn
withdraw     ready     withdrawn
withdraw     second    withdrawn
withdraw     signed    withdrawn
withdraw     returned  withdrawn
"""


def test_the_way_of_a_prescription() -> None:
    told = [[t.action, t.source, t.target] for t in PRESCRIPTION.transitions]
    assert told == [line.split() for line in WAY.split("\n") if line]


@pytest.mark.parametrize("state", ["dispensed", "withdrawn", "expired", "refused", "ready"])
def test_only_what_is_signed_is_dispensed(state) -> None:
    with pytest.raises(Conflict):
        PRESCRIPTION.step("dispense", state)
