"""
Four people whose records tell a story, for the demo accounts.

An 80-year-old with high blood pressure and diabetes who measures at home and was in hospital
with a charge made twice; her son; her grandson's wife, who expects a child; a boy of five.
They live in the first village.
"""

from __future__ import annotations

from datetime import date, timedelta

from taihe.county import catalogue as words
from taihe.county.care import Care, Charge, Life, Measured
from taihe.county.people import Resident
from taihe.county.rules import Rules

ROLES = ("elder", "son", "expecting", "child")
# role, sex, age, surname, given name
CAST = (
    ("elder", "2", 80, "李", "秀兰"),
    ("son", "1", 56, "王", "建国"),
    ("expecting", "2", 28, "张", "欣怡"),
    ("child", "1", 5, "王", "梓轩"),
)
EMERGENCY_CARE = "001103000010000"


def play(role: str, life: Life, care: Care, rules: Rules) -> None:
    """Give a member of the cast what the role needs, beside an ordinary life."""
    if role == "elder":
        _elder(life, care, rules)
    elif role == "expecting":
        care.pregnancy(life, care.end - timedelta(196))
    elif role == "child":
        _child(life, care)
    life.visits.sort(key=lambda visit: (visit.start, visit.end, visit.place.code))


def ills_of(role: str, end: date) -> dict[str, date]:
    """The illnesses a member of the cast has."""
    if role == "elder":
        return {"htn": date(end.year - 14, 3, 12), "dm": date(end.year - 9, 9, 20)}
    if role == "son":
        return {"htn": date(end.year - 3, 5, 8)}
    return {}


def _elder(life: Life, care: Care, rules: Rules) -> None:
    chance, resident = care.chance, life.resident
    stay = care.stay(
        life, words.STAYS["pneumonia"], care.end - timedelta(52), care.county.hospital, 9
    )
    if stay is not None:
        for number in (0, 1):
            day = stay.start + timedelta(number)
            stay.charges.append(Charge(day, EMERGENCY_CARE, rules.names[EMERGENCY_CARE], 1, 4200))
        stay.planted = True
    for number in range(28 * 2):
        day = care.end - timedelta(27 - number // 2)
        systolic = 142 - number * 0.24 + chance.gauss(0, 3)
        life.at_home.append(
            Measured(
                day,
                20 if number % 2 else 7,
                "bp",
                round(systolic),
                round(systolic * 0.62 + chance.gauss(0, 2)),
                home=True,
            )
        )
    for number in range(8):
        day = care.end - timedelta(26 - number * 3)
        value = round(8.4 - number * 0.18 + chance.gauss(0, 0.3), 1)
        life.at_home.append(Measured(day, 6, "glucose", value, home=True))
    if not life.allergies:
        life.allergies.append(("青霉素", date(resident.born.year + 40, 6, 1)))


def _child(life: Life, care: Care) -> None:
    day = care.free(life, care.end - timedelta(20))
    if day is None:
        return
    visit = care.open(life, life.resident.settlement.centre, day, [("J06.900", "急性上呼吸道感染")])
    visit.fresh.append(0)
    visit.charge(care.catalogue.items["visit"], day)
    visit.charge(care.catalogue.items["blood_count"], day)
    visit.measured.append(Measured(day, 9, "temperature", 38.6))
    visit.measured.append(Measured(day, 10, "wbc", 11.2))
    care.prescribe(visit, "child_cold", day)
    care.prescribe(visit, "child_cough", day)


def is_cast(resident: Resident) -> str:
    """The role of a resident, empty for everybody else."""
    return ROLES[resident.index] if resident.index < len(ROLES) else ""
