"""
The door of chronic care: follow-up class, pressure grade, risk, HEARTS category, assessments;
for other contexts of an installation the tasks of a resident and the panel of the record.

The deciding functions take facts in the forms of `../shared/data/chronic` and answer with
plain JSON values; they raise `Incorrect` when a fact is missing or impossible and need no
Django.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from taihe.chronic import rules
from taihe.chronic.domain import (
    assessment,
    china_par,
    devices,
    follow_up,
    hearts,
    hypertension,
    who_chart,
)
from taihe.chronic.domain.facts import Impossible, flag, needed
from taihe.kernel.errors import Unsupported

__all__ = [
    "ability_form",
    "ResidentTask",
    "ability_level",
    "barthel_band",
    "china_par_form",
    "china_par_risk",
    "device_packet",
    "catch_up",
    "follow_up_outcome",
    "gateway_readings",
    "hearts_month",
    "panel",
    "pressure_grade",
    "read_chart",
    "reading_limits",
    "risk_cell",
    "rebuild_registry",
    "self_care_level",
    "take_home_readings",
    "tasks_of",
    "who_risk",
]


def follow_up_outcome(
    facts: Mapping[str, Any], *, ruler: str = rules.PUBLIC_HEALTH, on: date | None = None
) -> dict[str, Any]:
    """
    Class, action and days to the next visit.

    `facts` as `gwgg3_followup_cases`: disease, age, sbp, dbp, fpg_mmol, adverse_reaction,
    adverse_uncontrollable, new_or_worse_complication, emergency_flags, previous_class.
    """
    chosen = rules.follow_up_rules(ruler, on=on)
    visit = follow_up.Visit.of(facts, chosen.limits)
    before = facts.get("previous_class")
    try:
        previous = follow_up.FollowUpClass(before) if before else None
    except ValueError:
        words = ", ".join(follow_up.FollowUpClass)
        raise Impossible("previous_class is unknown.", f"One of {words}.") from None
    outcome = follow_up.follow_up_class(visit, previous, rules=chosen)
    return {
        "class": outcome.cls and str(outcome.cls),
        "action": str(outcome.action),
        "next_due_days": outcome.next_due_days,
        "next_due_days_max": outcome.next_due_days,
        "dangers": [sign.words for sign in outcome.dangers],
        "ruler": ruler,
        "rules": list(outcome.rules),
        "asked": list(outcome.asked),
    }


def pressure_grade(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Grade of a pressure (`sbp`, `dbp` in mmHg) and the isolated forms."""
    graded = hypertension.grade_pressure(
        needed(facts, "sbp"), needed(facts, "dbp"), grades=rules.grades(), limits=rules.limits()
    )
    return {
        "grade": graded.grade,
        "isolated_systolic": graded.isolated_systolic,
        "isolated_diastolic": graded.isolated_diastolic,
        "rule": graded.rule,
    }


def risk_cell(facts: Mapping[str, Any]) -> dict[str, Any]:
    """
    The cell of the risk grid of 2024.

    Either `row` and `bp` as the grid names them, or facts about a person: sex, sbp, dbp and
    the facts of the factor rows.
    """
    if "row" in facts:
        cell = hypertension.risk_of(str(facts["row"]), str(facts.get("bp")), grid=rules.risk_grid())
        return {"risk": cell.risk or None, "rule": cell.id}
    sex = str(facts.get("sex"))
    profile = hypertension.risk_profile(facts, sex, factors=rules.risk_factors())
    graded = hypertension.grade_pressure(
        needed(facts, "sbp"), needed(facts, "dbp"), grades=rules.grades(), limits=rules.limits()
    )
    answer: dict[str, Any] = {
        "risk": None,
        "row": profile.row,
        "bp": graded.column or None,
        "factors": list(profile.factors),
        "organ_damage": list(profile.organ_damage),
    }
    if graded.column:
        cell = hypertension.risk_of(profile.row, graded.column, grid=rules.risk_grid())
        answer |= {"risk": cell.risk or None, "rule": cell.id}
    return answer


def hearts_month(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The HEARTS category of a person in `reference_month`; form of `hearts_category_cases`."""
    month = hearts.Month.parse(facts.get("reference_month", ""))
    path = hearts.CarePath.of(facts)
    category = str(hearts.hearts_category(path, month, rules=rules.hearts_rules()))
    return {"expected": category, "category": category}


def ability_level(facts: Mapping[str, Any]) -> dict[str, Any]:
    """GB/T 42195-2022: level by 26 `items` or their `total`, and after the escalations."""
    ability = assessment.assess_ability(
        facts,
        items=rules.assessment_items("gbt42195"),
        bands=rules.assessment_bands("gbt42195"),
        escalations=rules.escalations(),
    )
    return {
        "total": ability.total,
        "initial_level": ability.initial.level,
        "final_level": ability.final.level,
        "level_words": ability.final.words,
        "groups": dict(ability.groups),
        "rules": list(ability.rules),
        "unverified": list(ability.unverified),
    }


def ability_form() -> dict[str, Any]:
    """
    GB/T 42195-2022 as a form shows it: `source`, `items`, `bands` best first, `reasons`.

    Items have code, name, group, scores and clause; bands level, words, low and high;
    `reasons` are the words of what makes a level worse, by fact.
    """
    items = rules.assessment_items("gbt42195")
    return {
        "source": items[0].provenance.source,
        "items": [
            {
                "code": item.item,
                "name": item.name,
                "group": item.group,
                "scores": item.scores,
                "clause": item.provenance.clause,
            }
            for item in items
        ],
        "bands": [
            {"level": band.level, "words": band.words, "low": band.low, "high": band.high}
            for band in rules.assessment_bands("gbt42195")
        ],
        "reasons": {key: row.words for key, row in rules.escalations().items()},
    }


def self_care_level(facts: Mapping[str, Any]) -> dict[str, Any]:
    """老年人生活自理能力 by five `items`."""
    answers = facts.get("items")
    if not isinstance(answers, Mapping):
        raise Impossible("items is not an object.", "Write item and score.")
    result = assessment.assess_self_care(
        answers,
        items=rules.assessment_items("selfcare"),
        bands=rules.assessment_bands("selfcare"),
    )
    return {"total": result.total, "level": result.band.level, "rule": result.band.id}


def barthel_band(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The band of a Barthel index, 0 to 100."""
    band = assessment.band_of(needed(facts, "barthel"), rules.assessment_bands("barthel"))
    return {"band": band.level, "rule": band.id}


def china_par_form(params: Mapping[str, Any]) -> dict[str, Any]:
    """Whether the official form takes these fields; `msg` is its own message."""
    message = china_par.check_form(params, rules.china_par_limits())
    return {"result": not message, "msg": message}


def china_par_risk(facts: Mapping[str, Any]) -> dict[str, Any]:
    """
    Ten-year ASCVD risk in percent, two decimals, with class and the ideal beside it.

    `facts` is `{"params": {...}}` with the codes of the official form, or `{"input": {...}}`
    with named facts. People who have the disease already (`existing_cvd`) are not scored.
    Lifetime risk stays empty: its coefficients are unpublished.
    """
    if flag(facts, "existing_cvd", default=False):
        raise Unsupported("People with cardiovascular disease are not scored.", "They are 很高危.")
    if "params" in facts:
        if message := china_par.check_form(facts["params"], rules.china_par_limits()):
            raise Impossible(message, "Correct the field.")
        person = china_par.RiskFacts.of_form(facts["params"])
    else:
        person = china_par.RiskFacts.of_words(facts.get("input", facts))
        form = {
            "age": person.age_years,
            "sbp": person.sbp_mmhg,
            "waist": person.waist_cm,
            "tc": person.tc_mg_dl,
            "hdlc": person.hdl_mg_dl,
        }
        for limit in rules.china_par_limits():
            if limit.field in form and limit.unit in ("", "1"):
                message = limit.outside(form[limit.field])
                if message:
                    raise Impossible(message, "Correct the field.")
    risk = china_par.ten_year_risk(
        person, equations=rules.china_par_equations(), classes=rules.china_par_classes()
    )
    return {
        "risk10": risk.risk10_pct,
        "ideal10": risk.ideal10_pct,
        "lifetime": None,
        "ideal_lifetime": None,
        "risk10_pct": risk.risk10_pct,
        "category": risk.category,
        "linear_sum": round(risk.linear_sum, 4),
        "derived_for_this_age": risk.derived,
        "rules": list(risk.rules),
    }


def who_risk(
    facts: Mapping[str, Any], model: str, *, cells: Sequence[who_chart.ChartCell]
) -> dict[str, Any]:
    """
    Ten-year risk by the WHO chart (`who-lab` or `who-nonlab`), in percent, or its range.

    `cells` are those an installation imported; without them the answer is refused.
    """
    if not cells:
        raise Unsupported(
            "The WHO chart is not there: its cells are not shipped.",
            "Import the chart of your licence and name it with --chart.",
        )
    chart = {"who-lab": "laboratory", "who-nonlab": "non-laboratory"}[model]
    risk = who_chart.chart_risk(facts, chart, bands=rules.who_bands(), cells=cells)
    if risk is None:
        raise Unsupported("The imported chart has no cell for these facts.", "Import the whole.")
    known = risk.low_pct == risk.high_pct
    return {
        "risk10_pct": risk.low_pct if known else None,
        "risk10_low_pct": risk.low_pct,
        "risk10_high_pct": risk.high_pct,
    }


def read_chart(path: Path) -> Sequence[who_chart.ChartCell]:
    """The cells of a chart file that an installation imports."""
    return rules.who_cells(path)


def device_packet(characteristic: str, data: bytes) -> dict[str, Any]:
    """A Bluetooth packet of 0x2A35 (pressure) or 0x2A18 (glucose); times as the device says."""
    if characteristic == devices.PRESSURE:
        pressure = devices.read_pressure(data)
        known = pressure.status is not None
        return {
            "systolic": pressure.systolic,
            "diastolic": pressure.diastolic,
            "mean": pressure.mean,
            "unit": pressure.unit,
            "timestamp": pressure.timestamp.isoformat() if pressure.timestamp else None,
            "pulse": pressure.pulse,
            "user_id": pressure.user_id,
            "status": pressure.status,
            "body_movement": known and pressure.bit(0),
            "cuff_too_loose": known and pressure.bit(1),
            "irregular_pulse": known and pressure.bit(2),
        }
    if characteristic == devices.GLUCOSE:
        glucose = devices.read_glucose(data)
        return {
            "sequence": glucose.sequence,
            "base_time": glucose.base_time.isoformat(),
            "offset_min": glucose.offset_min,
            "measured_at": glucose.measured_at.isoformat(),
            "mmol_per_l": glucose.mmol_per_l,
            "status": glucose.status,
        }
    raise Unsupported("This characteristic is not read.", "0x2A35 and 0x2A18 are.")


def gateway_readings(payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The readings in a gateway's payload, each with its `kind`."""
    return [{"kind": each.kind, **each.values} for each in devices.read_gateway(payload)]


# --- an installation -----------------------------------------------------------------------

TASK_DAYS = 7
GLUCOSE_DAYS = 90


@dataclass(frozen=True)
class ResidentTask:
    """Something a resident should do: tone bad, warn or "", due day or None."""

    title: str
    text: str
    url: str
    due: date | None
    tone: str


def tasks_of(persons: Sequence[int], on: date) -> list[ResidentTask]:
    """
    What chronic care asks of these persons: alarms, follow-up visits, glucose to measure.

    Whoever shows it has opened the persons' records.
    """
    from taihe.chronic import models, presenters, queries
    from taihe.ui.templatetags.taihe import day_words

    found: list[ResidentTask] = []
    for alert in queries.waiting_alerts(persons):
        found.append(
            ResidentTask(
                f"{presenters.CAUSES.get(alert.cause, alert.cause)}：{alert.value}",
                "请按时复测，村医会联系您；有胸痛、说话不清、肢体无力请立即拨打 120。",
                "/app/results/",
                on,
                "bad" if alert.cause != "home-mean" else "warn",
            )
        )
    for disease, words in models.DISEASE_WORDS.items():
        for one in queries.standings(persons, disease, on):
            late = one.due.overdue_days(on)
            if late < -TASK_DAYS:
                continue
            when = f"应在 {day_words(one.due.on)} 前随访" if one.due.last else "还没有随访过"
            found.append(
                ResidentTask(
                    f"{words}随访{'已过期' if late > 0 else '快到期'}",
                    f"{when}，请联系村医或家庭医生；每年 4 次免费。",
                    "/app/results/",
                    one.due.on,
                    "warn" if late > 0 else "",
                )
            )
            if disease == "t2dm" and _glucose_is_old(one, on):
                found.append(
                    ResidentTask(
                        "复查空腹血糖",
                        "三个月内没有空腹血糖结果：早晨空腹到村卫生室测，每年 4 次免费。",
                        "/app/results/",
                        on,
                        "",
                    )
                )
    return found


def _glucose_is_old(standing: Any, on: date) -> bool:
    last = standing.due.last
    return last is None or on - last.on > timedelta(days=GLUCOSE_DAYS)


def panel(reader: Any, purpose: str, person: int) -> tuple[str, dict[str, Any]] | None:
    """
    The part of the record page about chronic care, for a record that was opened already.

    Template and context, or None for somebody who is in no registry.
    """
    from django.urls import reverse
    from django.utils import timezone

    from taihe.chronic import models, policies, presenters, queries

    on = timezone.localdate()
    entries = queries.entries_of(person)
    if not entries:
        return None
    rows = []
    for entry in entries:
        words, tone = presenters.STANDING[entry.standing]
        row: dict[str, Any] = {
            "disease": models.DISEASE_WORDS[entry.disease],
            "words": words,
            "tone": tone,
            "since": entry.since,
        }
        for one in queries.standings([entry.person], entry.disease, on):
            row |= {"due": one.due.on, "cls": str(one.due.cls or "")}
        rows.append(row)
    mine = not frozenset(policies.ROLES).isdisjoint(reader.roles)
    return "chronic/panel.html", {
        "entries": rows,
        "alerts": len(queries.waiting_alerts([person])),
        "url": reverse("chronic-person", args=[person]) if mine else "",
    }


def take_home_readings(
    person: int, items: Sequence[Mapping[str, Any]], *, by: int, at: datetime
) -> list[dict[str, Any]]:
    """
    Store home readings of a person whose record the caller has opened.

    `items` as `readings` of `POST /api/v1/telemetry`; answers with a verdict for each. Raises
    `Incorrect` for the first reading that cannot be; then nothing is stored.
    """
    from dataclasses import asdict

    from taihe.chronic import actions
    from taihe.chronic.domain.telemetry import read_reading

    readings = [read_reading(item, limits=rules.limits(), now=at) for item in items]
    return [asdict(one) for one in actions.take_home_readings(person, readings, by=by, at=at)]


def reading_limits() -> dict[str, tuple[float, float, str]]:
    """What a reading can be at all: low, high and unit by fact, for forms that ask back."""
    return {fact: (one.low, one.high, one.unit) for fact, one in rules.limits().items()}


def catch_up() -> int:
    """Bring the registry up to the end of the record's feed; returns the items taken."""
    from taihe.chronic import following

    return following.catch_up()


def rebuild_registry() -> int:
    """Drop the registry and decide it anew from the whole feed; visits and alarms stay."""
    from taihe.chronic import following

    return following.rebuild()
