"""
The door of TCM: review of a prescription, names of herbs, constitution.

Functions take and give the JSON forms of INTERFACES (`tcm review`, `tcm constitution`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

from taihe.kernel.errors import Incorrect
from taihe.tcm import rules
from taihe.tcm.domain import constitution, review
from taihe.tcm.domain.constitution import BadAnswer
from taihe.tcm.domain.review import Impossible

if TYPE_CHECKING:
    from taihe.record.public import Grant
    from taihe.tcm.forms import ConstitutionForm
    from taihe.ui.charts import Picture

__all__ = [
    "ANSWERS",
    "MEASURES",
    "ShownConstitution",
    "constitution_form",
    "constitution_questions",
    "constitutions_of",
    "judge_constitution",
    "remedy_of",
    "resolve_name",
    "review_prescription",
    "save_constitution",
    "suggest_names",
]

ANSWERS = {1: "没有", 2: "很少", 3: "有时", 4: "经常", 5: "总是"}
"""The five answers of both forms, with the words of the form."""

MEASURES = {
    "bmi": "体质指数 BMI（kg/m²）",
    "colds_per_year": "一年感冒几次",
    "allergies_per_year": "一年过敏几次",
    "waist_cm": "腹围（cm）",
}
"""Measures that fill items 9, 14, 17 and 28 of the 33-item form when they are left blank."""


@dataclass(frozen=True)
class ShownConstitution:
    """
    A judged form as pages show it.

    `lines` are (type, score, verdict) in the order of the form; `picture` draws the scores:
    converted (0 to 100) for 60 items, raw for 33.
    """

    number: int
    form: str
    form_words: str
    at: datetime
    words: str
    by_name: str
    place: str
    by_resident: bool
    lines: tuple[tuple[str, float, str], ...]
    picture: Picture


def review_prescription(facts: Mapping[str, Any], *, unverified: bool = False) -> dict[str, Any]:
    """
    Review a prescription.

    `facts`: patient (sex, age, pregnant), items (name, dose, unit, processing, decoction),
    count, days, date, and `same_day`: lists of items of other prescriptions of that day.
    Raises `Incorrect` when the facts cannot be (a pregnant man, a dose in words).
    """
    prescription = _prescription(facts)
    chosen = rules.review_rules(prescription.day, unverified=unverified)
    found = review.review(prescription, rules=chosen)
    return {
        "result": str(found.result),
        "findings": [
            {
                "type": finding.type,
                "rule": finding.rule,
                "rule_id": finding.rule_id,
                "severity": str(finding.severity),
                "items": list(finding.items),
                "names": list(finding.names),
                "message": finding.message,
                "source": finding.source,
                "clause": finding.clause,
            }
            for finding in found.findings
        ],
        "names": [
            {
                "written": name.written,
                "herb": name.herb,
                "reason": name.reason,
                "sure": name.sure,
                "candidates": list(name.candidates),
            }
            for name in found.names
        ],
        "unknown": list(found.unknown),
    }


def resolve_name(written: str) -> dict[str, Any]:
    """What a written name means: herb, reason, whether sure, and candidates when asked back."""
    name = rules.names().resolve(written)
    return {
        "written": written,
        "herb": name.herb,
        "form": name.form,
        "reason": name.reason,
        "sure": name.sure,
        "candidates": list(name.candidates),
    }


def suggest_names(text: str, limit: int = 12) -> list[str]:
    """Names of herbs that begin with a text or hold it; by Chinese characters only."""
    table = rules.names()
    wanted = table.normal(text)
    if not wanted:
        return []
    known = {name for name in (*table.herbs, *table.aliases) if wanted in name}
    return sorted(known, key=lambda name: (not name.startswith(wanted), len(name), name))[:limit]


def remedy_of(finding_type: str, rule_id: str, severity: str) -> str:
    """What would make a finding right, in words for the prescriber."""
    words = rules.remedies()
    keys = (f"{finding_type}.{rule_id}", f"{finding_type}.{severity}", f"other.{severity}")
    return next(words[key] for key in keys if key in words)


def judge_constitution(facts: Mapping[str, Any], *, variant: str = "standard") -> dict[str, Any]:
    """
    Score a constitution form and judge every type.

    `facts`: form (60 or 33), sex (60), answers by item or converted scores by type, and for
    the 33-item form `measures` (bmi, colds_per_year, allergies_per_year, waist_cm) that fill
    items without an answer. Blanks are named in `missing`, and then nothing is judged.
    """
    form = str(facts.get("form", ""))
    if form not in ("60", "33"):
        raise BadAnswer("form is unknown.", "Write 60 or 33.")
    chosen = rules.verdicts(form, variant)
    if not chosen:
        raise Incorrect(f"The form {form} has no variant {variant}.", "Write standard.")
    all_questions = [q for q in rules.questions() if q.form == form]
    types = tuple(dict.fromkeys(question.type for question in all_questions))
    if "scores" in facts:
        scores = _mapping(facts["scores"], "scores")
        adult = form == constitution.ADULT
        highest = 100 if adult else max(5 * _count(all_questions, kind) for kind in types)
        found = constitution.judge_scores(scores, types, chosen, highest=highest, adult=adult)
    else:
        answers = dict(_mapping(facts.get("answers", {}), "answers"))
        keys = {question.key for question in all_questions}
        if strange := [str(key) for key in answers if str(key) not in keys]:
            raise BadAnswer(f"The form has no item {strange[0]}.", "Use its numbers.")
        answers = {str(key): value for key, value in answers.items()}
        if form == constitution.ELDER and facts.get("measures"):
            measures = _mapping(facts["measures"], "measures")
            filled = constitution.fill_from_measures(measures, rules.measure_bands())
            answers = filled | {k: v for k, v in answers.items() if v not in (None, "")}
        sex = str(facts.get("sex") or "")
        asked = constitution.questions_for(sex, form, all_questions)
        found = constitution.score_answers(answers, asked, chosen)
    return {
        "scores": [
            {"type": score.type, "raw": score.raw, "converted": score.converted}
            for score in found.scores
        ],
        "result": [{"type": verdict.type, "verdict": verdict.verdict} for verdict in found.result],
        "missing": list(found.missing),
        "words": found.words,
    }


def constitution_questions(form: str, sex: str = "") -> list[dict[str, Any]]:
    """The items a person answers: key, type and text, each key once."""
    questions = [q for q in rules.questions() if q.form == form]
    asked = constitution.questions_for(sex, form, questions)
    return list(
        {q.key: {"key": q.key, "type": q.type, "item": q.item} for q in reversed(asked)}.values()
    )[::-1]


def constitution_form(data: Mapping[str, Any] | None, *, form: str, sex: str) -> ConstitutionForm:
    """
    The form `33` or `60` as pages fill it in; `questions` and `measures` are its fields.

    A valid one has `facts` for `save_constitution`; blanks are errors of their items.
    """
    from taihe.tcm.forms import ConstitutionForm

    return ConstitutionForm(data, form=form, sex=sex)


# --- kept forms ----------------------------------------------------------------------------


def save_constitution(
    grant: Grant,
    facts: Mapping[str, Any],
    *,
    filled_by: Literal["desk", "resident"],
    by: int,
    by_name: str,
    organisation: str = "",
    at: datetime,
) -> int:
    """
    Judge a form of the person whose record is open and keep it; its number.

    Raises `Incorrect` when an answer cannot be; a form with blanks is refused naming them:
    ask for `missing` with `judge_constitution` first.
    """
    from taihe.tcm import actions

    return actions.save_constitution(
        grant,
        facts,
        filled_by=filled_by,
        by=by,
        by_name=by_name,
        organisation=organisation,
        at=at,
    )


def constitutions_of(grant: Grant) -> list[ShownConstitution]:
    """The judged forms of a person whose record is open, the newest first."""
    from taihe.tcm import presenters
    from taihe.tcm.models import ConstitutionForm

    found = ConstitutionForm.objects.filter(person__in=grant.numbers).order_by("-at", "-pk")
    return [presenters.shown_constitution(row) for row in found]


def _count(questions: Sequence[constitution.Question], kind: str) -> int:
    return sum(question.type == kind for question in questions)


def _mapping(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadAnswer(f"{name} is not an object.", "Write item and value.")
    return value


def _prescription(facts: Mapping[str, Any]) -> review.Prescription:
    patient = facts.get("patient") or {}
    pregnant = patient.get("pregnant")
    if pregnant not in (None, True, False):
        raise Impossible("pregnant is neither true, false nor null.", "Write one of them.")
    day = facts.get("date")
    try:
        on = date.fromisoformat(str(day)[:10]) if day else None
    except ValueError:
        raise Impossible("date is not a date.", "Write YYYY-MM-DD.") from None
    others: list[review.Item] = []
    for items in facts.get("same_day") or ():
        others += _items(items.get("items") if isinstance(items, Mapping) else items)
    return review.Prescription(
        patient=review.Patient(
            sex=str(patient.get("sex") or "unknown"),
            age=_number(patient.get("age"), "age"),
            pregnant=pregnant,
        ),
        items=tuple(_items(facts.get("items"))),
        count=_number(facts.get("count"), "count"),
        days=_number(facts.get("days"), "days"),
        day=on,
        same_day=tuple(others),
    )


def _items(items: object) -> list[review.Item]:
    if not isinstance(items, list):
        raise Impossible("items is not a list.", "Write a list of names and doses.")
    result = []
    for place, item in enumerate(items):
        if not isinstance(item, Mapping) or not isinstance(item.get("name"), str):
            raise Impossible(f"items[{place}] has no name.", "Write the name of the herb.")
        if not item["name"].strip():
            raise Impossible(f"items[{place}] has an empty name.", "Write the name of the herb.")
        dose = _number(item.get("dose"), f"items[{place}].dose")
        if dose is not None and dose <= 0:
            raise Impossible(f"items[{place}].dose is not above 0.", "Correct it.")
        result.append(
            review.Item(
                name=item["name"],
                dose=dose,
                unit=str(item.get("unit") or "g"),
                processing=item.get("processing"),
                decoction=item.get("decoction"),
            )
        )
    return result


def _number(value: object, name: str) -> float | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            raise Impossible(f"{name} is not a number.", "Write digits.") from None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise Impossible(f"{name} is not a number.", "Write digits.")
    return float(value)
