"""
Constitution (体质): the 60-item form of ZYYXH/T157-2009 and the 33-item form for elders of the
public-health rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from taihe.kernel.errors import Incorrect
from taihe.kernel.knowledge import Provenance, Validity

BALANCED = "平和质"
ADULT, ELDER = "60", "33"


class BadAnswer(Incorrect):
    """An answer, score or fact that the form cannot hold."""

    code = "value"


@dataclass(frozen=True)
class Question:
    """
    An item of a form as it counts for one type.

    The same question may serve two types, in the 33-item form under one number. `reverse`
    turns 1 into 5 and 2 into 4; `sex` limits it to men or women.
    """

    id: str
    form: str
    type: str
    no: str
    item: str
    reverse: bool
    sex: str
    provenance: Provenance
    valid: Validity

    @property
    def key(self) -> str:
        """The name of the answer: 阳虚质.1 in the 60-item form, 1 in the 33-item form."""
        return f"{self.type}.{self.no}" if self.form == ADULT else self.no


@dataclass(frozen=True)
class VerdictRow:
    """
    When a type gets a verdict.

    For a biased type from `own_from`; for 平和质 besides that all others must lie below
    `others_below` (or at it, when inclusive).
    """

    id: str
    form: str
    variant: str
    balanced: bool
    verdict: str
    own_from: float
    others_below: float | None
    inclusive: bool

    def holds(self, own: float, highest_other: float) -> bool:
        """Whether the scores meet the row."""
        if own < self.own_from:
            return False
        if self.others_below is None:
            return True
        if self.inclusive:
            return highest_other <= self.others_below
        return highest_other < self.others_below


@dataclass(frozen=True)
class MeasureBand:
    """From which measured value an item of the 33-item form is filled."""

    no: str
    measure: str
    low: float | None
    below: float | None
    score: int


@dataclass(frozen=True)
class Score:
    """Raw sum of a type, and the converted score of the 60-item form (0 to 100)."""

    type: str
    raw: float | None
    converted: float | None

    @property
    def value(self) -> float:
        """What the verdict reads: the converted score, or the raw one of the 33-item form."""
        chosen = self.converted if self.converted is not None else self.raw
        return float(chosen or 0)


@dataclass(frozen=True)
class Verdict:
    """是, 基本是, 倾向是 or 否 for one type."""

    type: str
    verdict: str


@dataclass(frozen=True)
class Constitution:
    """
    The scores and verdicts; `missing` names items without an answer.

    With blanks there are no verdicts at all: a form is never judged by halves.
    """

    scores: tuple[Score, ...]
    result: tuple[Verdict, ...]
    missing: tuple[str, ...]

    @property
    def words(self) -> str:
        """The sentence of the standard's examples: 基本是平和质，倾向痰湿质."""
        sure = [v.type for v in self.result if v.verdict == "是"]
        nearly = [f"基本是{v.type}" for v in self.result if v.verdict == "基本是"]
        leaning = [f"倾向{v.type}" for v in self.result if v.verdict == "倾向是"]
        parts = (["、".join(sure)] if sure else []) + nearly + leaning
        return "，".join(parts)


def questions_for(sex: str, form: str, questions: Sequence[Question]) -> tuple[Question, ...]:
    """The questions a person answers; the 60-item form needs the sex."""
    if form == ADULT and sex not in ("male", "female"):
        raise BadAnswer("sex is missing.", "One item is for women and one for men.")
    return tuple(q for q in questions if q.form == form and q.sex in ("", sex))


def score_answers(
    answers: Mapping[str, Any], asked: Sequence[Question], verdicts: Sequence[VerdictRow]
) -> Constitution:
    """
    Score a filled form.

    Converted score = (raw - n) / 4n x 100, with n items. Items of 平和质 that ask for a
    complaint are reversed. An item asked under two types needs one answer.
    """
    texts: dict[str, int] = {}
    values: dict[str, int] = {}
    for question in asked:
        answer = answers.get(question.key)
        if answer is None or answer == "":
            continue
        if isinstance(answer, bool) or answer not in (1, 2, 3, 4, 5):
            raise BadAnswer(f"{question.key} is not answered with 1 to 5.", "Choose one of five.")
        values[question.key] = int(answer)
        texts.setdefault(question.item, int(answer))
    for question in asked:
        if question.key not in values and question.item in texts:
            values[question.key] = texts[question.item]
    missing = tuple(dict.fromkeys(q.key for q in asked if q.key not in values))
    if missing:
        return Constitution((), (), missing)
    raw: dict[str, int] = {}
    count: dict[str, int] = {}
    for question in asked:
        value = values[question.key]
        raw[question.type] = raw.get(question.type, 0) + (6 - value if question.reverse else value)
        count[question.type] = count.get(question.type, 0) + 1
    adult = asked[0].form == ADULT
    scores = tuple(
        Score(kind, raw[kind], _converted(raw[kind], count[kind]) if adult else None)
        for kind in raw
    )
    return Constitution(scores, judge(scores, verdicts), ())


def _converted(raw: int, count: int) -> float:
    return (raw - count) * 100 / (4 * count)


def judge(scores: Sequence[Score], verdicts: Sequence[VerdictRow]) -> tuple[Verdict, ...]:
    """
    The verdict of each type.

    A biased type is 是 from 40, 倾向是 from 30 (39.5 still leans), else 否; 平和质 looks at
    all others too.
    """
    others = [score.value for score in scores if score.type != BALANCED]
    result = []
    for score in scores:
        balanced = score.type == BALANCED
        highest = max(others, default=0.0)
        rows = [row for row in verdicts if row.balanced == balanced]
        holds = [row.verdict for row in rows if row.holds(score.value, highest)]
        result.append(Verdict(score.type, holds[0] if holds else "否"))
    return tuple(result)


def judge_scores(
    given: Mapping[str, Any],
    types: Sequence[str],
    verdicts: Sequence[VerdictRow],
    *,
    highest: float,
    adult: bool,
) -> Constitution:
    """
    Judge scores that were converted already; types that are absent are named as missing.

    平和质 is judged without them only when those that are there decide it against.
    """
    scores = []
    for kind, value in given.items():
        if kind not in types:
            raise BadAnswer(f"There is no type {kind}.", f"One of {', '.join(types)}.")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadAnswer(f"The score of {kind} is not a number.", "Write digits.")
        if not 0 <= value <= highest:
            raise BadAnswer(f"The score of {kind} cannot be.", f"0 to {highest:g}.")
        scores.append(Score(kind, None if adult else value, value if adult else None))
    missing = tuple(kind for kind in types if kind not in given)
    result = judge(scores, verdicts)
    if missing:
        worst = max((s.value for s in scores if s.type != BALANCED), default=0.0)
        best = max(row.own_from for row in verdicts if row.balanced)
        limit = max(row.others_below or 0 for row in verdicts if row.balanced)
        own = next((s.value for s in scores if s.type == BALANCED), None)
        decided = own is None or own < best or worst > limit or (adult and worst >= limit)
        if not decided:
            result = tuple(v for v in result if v.type != BALANCED)
    return Constitution(tuple(scores), result, missing)


def fill_from_measures(measures: Mapping[str, Any], bands: Sequence[MeasureBand]) -> dict[str, int]:
    """
    Answers of the 33-item form that the record knows: BMI, colds, allergies, waist.

    A waist is rounded to whole centimetres, halves up: 85.5 is 86 and stands in 86-90. BMI
    25 stands in 25-26. Seven colds a year have no band on the form and are asked.
    """
    answers: dict[str, int] = {}
    for band in bands:
        value = measures.get(band.measure)
        if value is None or value == "":
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise BadAnswer(f"{band.measure} is not a number.", "Write digits.")
        if band.measure == "waist_cm":
            value = int(Decimal(str(value)).quantize(Decimal(1), ROUND_HALF_UP))
        if (band.low is None or value >= band.low) and (band.below is None or value < band.below):
            answers[band.no] = band.score
    return answers
