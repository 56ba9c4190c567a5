"""
What happens to a resident in the years of the county: illness, visits, stays, measurements.

A *visit* carries everything at once: who, where, when, why, what was measured, prescribed,
done and charged. FHIR resources and exchange rows are both written from it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

from taihe.county import catalogue as words
from taihe.county.catalogue import Catalogue, Drug, Illness, Item, Stay
from taihe.county.people import Resident
from taihe.county.places import County, Institution

# Relative number of visits by month for winter illnesses (season 1), others, summer ones (-1).
_MONTHS = {
    1: (18, 14, 10, 7, 5, 3, 3, 3, 5, 8, 11, 16),
    0: (8, 7, 9, 9, 9, 9, 8, 8, 9, 9, 9, 8),
    -1: (3, 3, 5, 7, 9, 13, 17, 17, 11, 7, 4, 3),
}
NORMAL, ALL = "default", "full"


@dataclass(slots=True)
class Charge:
    """One fee line before it has a number."""

    day: date
    code: str
    name: str
    cnt: int
    price_fen: int


@dataclass(slots=True)
class Measured:
    """One measurement; `key` of the catalogue, or "bp" with two values."""

    day: date
    hour: int
    key: str
    value: float
    second: float = 0.0
    home: bool = False


@dataclass(slots=True)
class Visit:
    """An outpatient visit (`kind` 1) or a stay (2) with all that belongs to it."""

    place: Institution
    kind: str
    start: date
    end: date
    insutype: str
    reasons: list[tuple[str, str]]
    internet: str = "0"
    public: bool = False
    doctor: int = 0
    charges: list[Charge] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)
    prescribed: list[tuple[Drug, int, date]] = field(default_factory=list)
    done: list[tuple[str, str, date]] = field(default_factory=list)
    fresh: list[int] = field(default_factory=list)
    mdtrt_id: str = ""
    planted: bool = False

    def charge(self, item: Item | Drug, day: date, cnt: int = 1) -> None:
        """Add a fee line."""
        self.charges.append(Charge(day, item.code, item.name, cnt, item.price_fen))


@dataclass(slots=True)
class Life:
    """A resident's years: visits in order, shots, allergies, readings at home."""

    resident: Resident
    visits: list[Visit] = field(default_factory=list)
    shots: list[tuple[date, str]] = field(default_factory=list)
    allergies: list[tuple[str, date]] = field(default_factory=list)
    at_home: list[Measured] = field(default_factory=list)
    taken: set[date] = field(default_factory=set)


class Care:
    """Lives for the residents of one settlement."""

    def __init__(
        self,
        county: County,
        catalogue: Catalogue,
        chance: random.Random,
        start: date,
        end: date,
        density: str,
    ) -> None:
        self.county, self.catalogue, self.chance = county, catalogue, chance
        self.start, self.end, self.density = start, end, density
        self.days = (end - start).days + 1
        self.years = self.days / 365
        self.full = density == ALL
        self.calendar = {season: self._calendar(weights) for season, weights in _MONTHS.items()}

    def _calendar(self, weights: tuple[int, ...]) -> tuple[list[date], list[int]]:
        every, total, sums = [], 0, []
        for number in range(self.days):
            day = self.start + timedelta(number)
            total += weights[day.month - 1] * (6 if day.weekday() < 5 else 3)
            every.append(day)
            sums.append(total)
        return every, sums

    def day(self, season: int) -> date:
        """A day of the years by season; fewer on weekends."""
        days, sums = self.calendar[season]
        return self.chance.choices(days, cum_weights=sums)[0]

    # -- one life ---------------------------------------------------------------------------

    def live(self, life: Life) -> None:
        """Fill a life with everything that happens to its resident."""
        chance, resident = self.chance, life.resident
        age = resident.age(self.end)
        self._fall_ill(resident, age)
        group = 0 if age < 14 else 1 if age < 60 else 2
        if chance.random() < 0.05:
            life.allergies.append((chance.choice(words.ALLERGIES), self.day(0)))
        if group == 0:
            self._vaccinate(life)
        elif age >= 60 and chance.random() < 0.25:
            self._shot(life, "流感病毒裂解疫苗", self.day(1), self.start)
        if resident.sex == "2" and 20 <= age <= 40 and chance.random() < 0.06 * self.years / 2:
            self.pregnancy(life, self.start + timedelta(chance.randint(0, max(1, self.days - 300))))
        self._stays(life, group)
        self._chronic(life)
        if age >= 65:
            self._check_ups(life)
        often = (2.0, 1.1, 1.6)[group] * self.years / 2 * (2.2 if self.full else 1.0)
        for _ in range(self._poisson(often * 1.85)):
            self._acute(life, group)
        if group and chance.random() < 0.08 * self.years / 2:
            self.tcm(life, self.day(0))
        if 18 <= age < 60 and resident.insutype == "310" and chance.random() < 0.015:
            self._injury(life)
        life.visits.sort(key=lambda visit: (visit.start, visit.end, visit.place.code))

    def _poisson(self, mean: float) -> int:
        # Knuth's product, plain and exact for small means.
        limit, count, product = 2.718281828459045**-mean, 0, self.chance.random()
        while product > limit:
            count += 1
            product *= self.chance.random()
        return count

    def _fall_ill(self, resident: Resident, age: int) -> None:
        chance = self.chance
        if age < 35 or resident.ills:
            return
        older = min(1.0, (age - 35) / 40)
        shares = {
            "htn": 0.05 + 0.50 * older,
            "dm": 0.02 + 0.17 * older,
            "copd": 0.10 * older * (1.4 if resident.sex == "1" else 0.6),
            "stroke": 0.09 * older * older,
            "chd": 0.11 * older * older,
        }
        for key, share in shares.items():
            if chance.random() < share:
                years = chance.randint(0, max(1, min(15, age - 35)))
                since = self.end - timedelta(days=365 * years + chance.randint(30, 364))
                resident.ills.setdefault(key, since)

    def free(self, life: Life, day: date, length: int = 1, tries: int = 12) -> date | None:
        """The day, or one soon after, on which the resident is nowhere else."""
        born = life.resident.born
        for step in range(tries):
            first = day + timedelta(step)
            last = first + timedelta(length - 1)
            if last > self.end or first < self.start or first < born:
                continue
            if all(first + timedelta(number) not in life.taken for number in range(length)):
                return first
        return None

    def open(
        self,
        life: Life,
        place: Institution,
        start: date,
        reasons: list[tuple[str, str]],
        *,
        length: int = 1,
        kind: str = "1",
        insutype: str = "",
    ) -> Visit:
        """A new visit on days that are free."""
        visit = Visit(
            place=place,
            kind=kind,
            start=start,
            end=start + timedelta(length - 1),
            insutype=insutype or life.resident.insutype,
            reasons=reasons,
            doctor=self.chance.randrange(doctors_of(place)),
        )
        life.taken.update(start + timedelta(number) for number in range(length))
        life.visits.append(visit)
        return visit

    # -- outpatient -------------------------------------------------------------------------

    def _near(self, resident: Resident, group: int) -> Institution:
        home = resident.settlement
        draw = self.chance.random()
        if draw < (0.3 if group == 0 else 0.45):
            return home.clinic
        if draw < 0.78:
            return home.centre
        if draw < 0.93:
            return self.county.hospital
        if draw < 0.98:
            return self.county.tcm_hospital
        return self.county.partner if draw < 0.985 else self.county.private

    def _fee(self, visit: Visit, day: date) -> None:
        if visit.internet == "1":
            key = "visit_internet"
        elif visit.place.kind in ("village_clinic", "clinic"):
            key = "visit_village"
        else:
            key = "visit" if self.chance.random() < 0.8 else "visit_expert"
        visit.charge(self.catalogue.items[key], day)

    def prescribe(self, visit: Visit, key: str, day: date, boxes: int = 1) -> None:
        """Prescribe and charge a drug."""
        drug = self.catalogue.drugs[key]
        visit.prescribed.append((drug, boxes, day))
        visit.charge(drug, day, boxes)

    def _acute(self, life: Life, group: int) -> None:
        chance, resident = self.chance, life.resident
        fitting = [ill for ill in words.ACUTE if not ill.sex or ill.sex == resident.sex]
        ill: Illness = chance.choices(fitting, weights=[i.weights[group] for i in fitting])[0]
        day = self.free(life, self.day(ill.season))
        if day is None:
            return
        age = resident.age(day)
        if ill.code.startswith("N9") and not 13 <= age <= 52:
            return
        place = self._near(resident, group)
        visit = self.open(life, place, day, [(ill.code, ill.name)])
        visit.fresh.append(0)
        self._fee(visit, day)
        small = place.kind in ("village_clinic", "clinic")
        if not small:
            for key in ill.items:
                visit.charge(self.catalogue.items[key], day)
            if "blood_count" in ill.items:
                self._blood(visit, resident, day, "crp" in ill.items)
        if ill.code.startswith("J") and chance.random() < 0.7:
            visit.measured.append(
                Measured(day, 9, "temperature", round(chance.uniform(36.5, 39.2), 1))
            )
        if age >= 35 and chance.random() < 0.5:
            high = 14 if "htn" in resident.ills else 0
            visit.measured.append(
                Measured(
                    day, 9, "bp", round(chance.gauss(126 + high, 9)), round(chance.gauss(78, 7))
                )
            )
        if age < 14 and ill.season == 1:
            keys = [chance.choice(words.FOR_CHILDREN), chance.choice(("cefaclor", "child_cough"))]
        elif age < 14 and ill.season == -1 and ill.code.startswith("A09"):
            keys = ["child_diarrhoea", "smectite"]
        else:
            keys = list(ill.drugs)
        if age >= 18 and ill.season == 1 and chance.random() < 0.004:
            # Now and then a child's drug is booked on a grown-up's card.
            keys = ["child_cold", *keys]
        keep = 1 if chance.random() < 0.3 else 2
        for key in dict.fromkeys(keys[:keep]):
            self.prescribe(visit, key, day, 1 if chance.random() < 0.7 else 2)
        if ill.code.startswith(("J", "N39", "A09")) and chance.random() < 0.35:
            for key in ("infusion", "infusion_set", "syringe"):
                visit.charge(self.catalogue.items[key], day)
            visit.charge(self.catalogue.drugs["saline"], day)
            if chance.random() < 0.5:
                visit.charge(self.catalogue.drugs["ceftriaxone"], day)
                visit.charge(self.catalogue.items["skin_test"], day)

    def _blood(self, visit: Visit, resident: Resident, day: date, crp: bool) -> None:
        chance = self.chance
        visit.measured.append(Measured(day, 10, "wbc", round(chance.uniform(4.2, 13.5), 1)))
        low = 118 if resident.sex == "2" else 128
        if self.full or chance.random() < 0.35:
            visit.measured.append(Measured(day, 10, "haemoglobin", chance.randint(low, low + 38)))
        if self.full:
            visit.measured.append(Measured(day, 10, "platelets", chance.randint(140, 330)))
        if crp:
            visit.measured.append(Measured(day, 10, "crp", round(chance.uniform(0.5, 48), 1)))

    def _chronic(self, life: Life) -> None:
        chance, resident = self.chance, life.resident
        ills = list(resident.ills)
        if not ills:
            return
        drugs = self.regimen(resident)
        gap = chance.choice((60, 90, 90, 120, 180)) if not self.full else 45
        systolic = chance.gauss(148, 12) if "htn" in ills else chance.gauss(130, 9)
        diastolic = systolic * 0.58 + chance.gauss(2, 4)
        glucose = chance.gauss(8.6, 1.4) if "dm" in ills else chance.gauss(5.6, 0.5)
        trend = chance.choice((-0.006, -0.003, 0.0, 0.002))
        day = self.start + timedelta(chance.randint(0, gap))
        count = 0
        while day <= self.end:
            when = self.free(life, day)
            day += timedelta(gap + chance.randint(-7, 12))
            if when is None:
                continue
            elapsed = (when - self.start).days
            drop = 1 + trend * elapsed / 12
            self._follow_up(
                life, when, ills, drugs, systolic * drop, diastolic * drop, glucose * drop, count
            )
            count += 1

        if self.full or chance.random() < 0.04:
            self._at_home(life, ills, systolic, diastolic, glucose)

    def _at_home(
        self, life: Life, ills: list[str], systolic: float, diastolic: float, glucose: float
    ) -> None:
        """Weekly readings at home: all years at full density, else the last twelve weeks."""
        chance = self.chance
        day = self.start if self.full else self.end - timedelta(83)
        day = max(day, life.resident.born) + timedelta(chance.randint(0, 6))
        while day <= self.end:
            wobble = chance.gauss(0, 5)
            if "htn" in ills:
                high, low = round(systolic - 5 + wobble), round(diastolic - 3 + wobble / 2)
                life.at_home.append(Measured(day, 7, "bp", high, low, home=True))
            if "dm" in ills:
                value = round(max(3.6, glucose + wobble / 8), 1)
                life.at_home.append(Measured(day, 6, "glucose", value, home=True))
            day += timedelta(7)

    def regimen(self, resident: Resident) -> list[str]:
        """The drugs that a resident with chronic illness takes."""
        chance, drugs = self.chance, []
        for ill in resident.ills:
            choice = words.CHRONIC_DRUGS[ill]
            drugs.append(choice[0] if chance.random() < 0.6 else chance.choice(choice))
            if chance.random() < 0.2:
                drugs.append(chance.choice(choice))
        return list(dict.fromkeys(drugs))

    def _follow_up(
        self,
        life: Life,
        day: date,
        ills: list[str],
        drugs: list[str],
        systolic: float,
        diastolic: float,
        glucose: float,
        count: int,
    ) -> None:
        chance, resident = self.chance, life.resident
        draw = chance.random()
        internet = draw > 0.985
        if internet or draw > 0.88:
            place = self.county.hospital
        else:
            place = resident.settlement.clinic if draw < 0.6 else resident.settlement.centre
        visit = self.open(life, place, day, [words.CHRONIC[key] for key in ills])
        visit.internet = "1" if internet else "0"
        self._fee(visit, day)
        if not internet:
            wobble = chance.gauss(0, 5)
            visit.measured.append(
                Measured(day, 8, "bp", round(systolic + wobble), round(diastolic + wobble / 2))
            )
            if self.full or chance.random() < 0.3:
                visit.measured.append(Measured(day, 8, "pulse", round(chance.gauss(75, 7))))
            if "dm" in ills:
                value = max(3.6, round(glucose + chance.gauss(0, 0.7), 1))
                visit.measured.append(Measured(day, 8, "glucose", value))
                village = place.kind in ("village_clinic", "clinic")
                key = "glucose_strip" if village else "glucose"
                visit.charge(self.catalogue.items[key], day)
                if not village and chance.random() < 0.5:
                    visit.charge(self.catalogue.items["hba1c"], day)
                    percent = round(max(4.8, (value + 2.6) / 1.59), 1)
                    visit.measured.append(Measured(day, 8, "hba1c", percent))
            if place.level >= 2 and not visit.fresh:
                visit.charge(self.catalogue.items["lipids"], day)
                self._lipids(visit, day)
            if "copd" in ills and place.level >= 2:
                visit.charge(self.catalogue.items["lung_function"], day)
                visit.measured.append(Measured(day, 9, "fev1", round(chance.uniform(1.0, 2.4), 2)))
        boxes = 2 if chance.random() < 0.6 else 3
        for key in drugs if self.full else drugs[:3]:
            self.prescribe(visit, key, day, boxes)

    def _lipids(self, visit: Visit, day: date) -> None:
        chance = self.chance
        visit.measured.append(Measured(day, 8, "ldl", round(chance.gauss(2.9, 0.7), 2)))
        if self.full or chance.random() < 0.4:
            visit.measured.append(Measured(day, 8, "cholesterol", round(chance.gauss(4.9, 0.9), 2)))
            visit.measured.append(
                Measured(day, 8, "triglyceride", round(max(0.5, chance.gauss(1.7, 0.7)), 2))
            )

    def _check_ups(self, life: Life) -> None:
        chance, resident = self.chance, life.resident
        height = round(chance.gauss(165 if resident.sex == "1" else 154, 5))
        weight = chance.gauss(64 if resident.sex == "1" else 57, 8)
        for year in range(max(1, round(self.years))):
            if chance.random() < 0.35:
                continue
            day = self.free(
                life, self.start + timedelta(year * 365 + chance.randint(120, 330)), tries=9
            )
            if day is None:
                continue
            visit = self.open(
                life, resident.settlement.centre, day, [("Z00.000", "老年人健康体检")]
            )
            visit.public = True
            kilos = round(weight + chance.gauss(0, 1), 1)
            visit.measured += [
                Measured(day, 8, "weight", kilos),
                Measured(day, 8, "bmi", round(kilos / (height / 100) ** 2, 1)),
                Measured(day, 8, "bp", round(chance.gauss(138, 14)), round(chance.gauss(80, 8))),
                Measured(day, 8, "glucose", round(max(3.9, chance.gauss(5.9, 1.1)), 1)),
            ]
            if self.full:
                visit.measured.append(Measured(day, 8, "height", height))
                visit.measured.append(Measured(day, 8, "creatinine", round(chance.gauss(72, 15))))
                self._lipids(visit, day)

    def tcm(self, life: Life, day: date) -> Visit | None:
        """A visit for herbs: at least six neutral herbs beside those paid only in company."""
        chance = self.chance
        when = self.free(life, day)
        if when is None:
            return None
        reason = chance.choice(words.TCM_REASONS)
        visit = self.open(life, self.county.tcm_hospital, when, [reason])
        visit.fresh.append(0)
        self._fee(visit, when)
        herbs = chance.sample(self.catalogue.herbs, chance.randint(6, 9))
        herbs += chance.sample(self.catalogue.tamed, min(len(self.catalogue.tamed), 2))
        for herb in herbs:
            visit.charge(herb, when, 7 * chance.choice((6, 10, 12, 15)))
        text = "、".join(herb.name for herb in herbs)
        formula = Drug("", f"中药饮片7剂：{text}", 0, "水煎服，每日1剂，分2次", "剂")
        visit.prescribed.append((formula, 7, when))
        if chance.random() < 0.5:
            visit.charge(self.catalogue.items["acupuncture"], when)
        return visit

    def _injury(self, life: Life) -> None:
        day = self.free(life, self.day(0))
        if day is None:
            return
        visit = self.open(
            life, self.county.hospital, day, [("T30.000", "手部烫伤(工伤)")], insutype="410"
        )
        visit.fresh.append(0)
        self._fee(visit, day)
        visit.charge(self.catalogue.items["dressing"], day)
        self.prescribe(visit, "scar", day, 2)

    # -- children and mothers ---------------------------------------------------------------

    def _shot(self, life: Life, name: str, day: date, since: date) -> None:
        if since <= day <= self.end and day >= life.resident.born:
            life.shots.append((day, name))

    def _vaccinate(self, life: Life) -> None:
        # A child's shots are all on the record until school, later only those of these years.
        born = life.resident.born
        since = born if life.resident.age(self.end) < 7 or self.full else self.start
        for months, name in words.VACCINES:
            late = self.chance.randint(0, 12)
            self._shot(life, name, born + timedelta(days=round(months * 30.44) + late), since)

    def pregnancy(self, life: Life, begun: date) -> None:
        """Antenatal visits and, where it falls into the years, the birth."""
        chance, resident = self.chance, life.resident
        kind = "510" if resident.insutype == "310" else resident.insutype
        items = self.catalogue.items
        weight = chance.gauss(58, 6)
        for week in (9, 16, 20, 24, 28, 31, 33, 35, 37, 38):
            if week in (9, 20, 31, 35) and not self.full and chance.random() < 0.3:
                continue
            day = self.free(life, begun + timedelta(week * 7 + chance.randint(0, 3)))
            if day is None:
                continue
            place = self.county.hospital if week in (16, 24, 37) else resident.settlement.centre
            visit = self.open(life, place, day, [("Z34.900", "正常妊娠监督")], insutype=kind)
            if week < 12:
                visit.fresh.append(0)
                self.prescribe(visit, "folic", day, 2)
            self._fee(visit, day)
            visit.charge(items["antenatal"], day)
            visit.charge(items["urine"], day)
            if place.level >= 2:
                visit.charge(items["us_obstetric"], day)
                visit.charge(items["blood_count"], day)
                self._blood(visit, resident, day, False)
            visit.measured.append(
                Measured(day, 9, "bp", round(chance.gauss(112, 7)), round(chance.gauss(70, 5)))
            )
            visit.measured.append(Measured(day, 9, "weight", round(weight + week * 0.32, 1)))
            if week >= 35:
                visit.charge(items["fetal_heart"], day)
            if week == 24:
                self.prescribe(visit, "iron", day, 2)
        due = begun + timedelta(273 + chance.randint(-7, 9))
        cut = chance.random() < 0.4
        length = 6 if cut else 4
        day2 = self.free(life, due, length)
        if day2 is None:
            return
        code = ("O82.900", "剖宫产分娩") if cut else ("O80.900", "单胎顺产")
        visit = self.open(
            life, self.county.hospital, day2, [code], length=length, kind="2", insutype=kind
        )
        visit.fresh.append(0)
        operation = "caesarean" if cut else "birth"
        first = ("blood_count", "clotting", "liver", "us_obstetric", "fetal_heart")
        self._in_bed(visit, ("oxytocin", "saline"), first, resident)
        born_on = visit.start + timedelta(1)
        visit.charge(items[operation], born_on)
        if cut:
            visit.charge(items["anaesthesia"], born_on)
            visit.done.append(("74.1x00", "子宫下段剖宫产术", born_on))
        else:
            visit.done.append(("73.5900", "手法助产", born_on))
        if kind == "510" and chance.random() < 0.3:
            self.prescribe(visit, "carboprost", born_on)

    # -- inpatient --------------------------------------------------------------------------

    def _stays(self, life: Life, group: int) -> None:
        chance, resident = self.chance, life.resident
        rate = ((0.2, 0.22, 0.5)[group] + 0.2 * len(resident.ills)) * self.years / 2
        for _ in range(self._poisson(rate)):
            keys = list(words.STAY_WEIGHTS)
            weights = [words.STAY_WEIGHTS[key][group] for key in keys]
            for ill in ("copd", "stroke", "chd", "dm"):
                if ill in resident.ills:
                    keys.append(ill)
                    weights.append(45)
            self.stay(life, words.STAYS[chance.choices(keys, weights=weights)[0]], self.day(1))

    def stay(
        self,
        life: Life,
        reason: Stay,
        day: date,
        place: Institution | None = None,
        length: int = 0,
    ) -> Visit | None:
        """A hospital stay, and now and then a second one soon after."""
        chance, resident = self.chance, life.resident
        length = length or chance.randint(*reason.days)
        when = self.free(life, day, length)
        if when is None:
            return None
        if place is None:
            draw = chance.random()
            operated = reason.operation is not None
            if draw < 0.2 and not operated and reason.code.startswith(("J18", "H81", "J44")):
                place = resident.settlement.centre
            elif draw < 0.35:
                place = self.county.tcm_hospital
            elif draw < 0.4:
                place = self.county.partner
            else:
                place = self.county.hospital
        if chance.random() < 0.025 and place.level == 2:
            self._soon_again(life, reason, when + timedelta(length), place)
        reasons = [(reason.code, reason.name)]
        reasons += [words.CHRONIC[key] for key in resident.ills][:3]
        visit = self.open(life, place, when, reasons, length=length, kind="2")
        visit.fresh.append(0)
        daily = reason.daily
        if place.level < 2:
            daily = tuple(key for key in daily if key not in _SECOND_LEVEL)
        self._in_bed(visit, daily, reason.first, resident)
        if reason.operation:
            key, code, name = reason.operation
            on = when + timedelta(1)
            visit.charge(self.catalogue.items[key], on)
            visit.charge(self.catalogue.items["anaesthesia"], on)
            visit.charge(self.catalogue.drugs["lidocaine"], on, 2)
            visit.done.append((code, name, on))
            for number in range(2, length, 2):
                visit.charge(self.catalogue.items["dressing"], when + timedelta(number))
        return visit

    def _soon_again(self, life: Life, reason: Stay, after: date, place: Institution) -> None:
        # Some patients do come back within days; an audit finds these, and people decide.
        chance = self.chance
        self.stay(life, reason, after + timedelta(chance.randint(1, 12)), place)

    def _in_bed(
        self, visit: Visit, daily: tuple[str, ...], first: tuple[str, ...], resident: Resident
    ) -> None:
        items, drugs, chance = self.catalogue.items, self.catalogue.drugs, self.chance
        length = (visit.end - visit.start).days + 1
        kept = tuple(dict.fromkeys(daily))
        for key in first:
            visit.charge(items[key], visit.start)
        visit.charge(items["meals"], visit.start)
        if {"ceftriaxone", "piperacillin"} & set(kept):
            visit.charge(items["skin_test"], visit.start)
        self._blood(visit, resident, visit.start, "crp" in first)
        if "kidney" in first and (self.full or chance.random() < 0.5):
            visit.measured.append(
                Measured(visit.start, 11, "creatinine", round(chance.gauss(76, 17)))
            )
        if "lipids" in first:
            self._lipids(visit, visit.start)
        if "hba1c" in first:
            percent = round(max(6.0, chance.gauss(8.9, 1.3)), 1)
            visit.measured.append(Measured(visit.start, 11, "hba1c", percent))
        watched = 2 if "ecg" in first else 0
        infused = [key for key in kept if drugs[key].unit in ("支", "袋", "瓶")]
        for number in range(length):
            day = visit.start + timedelta(number)
            visit.charge(items["bed"], day)
            visit.charge(items["stay_visit"], day)
            visit.charge(items["nursing1" if number < watched and length > 7 else "nursing2"], day)
            if number == length - 1 and length > 1:
                continue
            if number < watched:
                visit.charge(items["monitor"], day, 24 if number else 12)
            for key in kept:
                visit.charge(drugs[key], day, 2 if key == "saline" else 1)
            if infused:
                visit.charge(items["infusion"], day)
                if len(infused) > 1:
                    visit.charge(items["infusion_more"], day, len(infused) - 1)
                visit.charge(items["infusion_set"], day)
                visit.charge(items["syringe"], day, len(infused))
                if number % 3 == 0:
                    visit.charge(items["cannula"], day)
            if visit.place.level >= 2 and len(infused) > 2:
                visit.charge(items["handling"], day, len(infused))
            if number == 3:
                for key in ("blood_count", "electrolytes"):
                    visit.charge(items[key], day)
                self._blood(visit, resident, day, False)
            if "budesonide" in kept:
                visit.charge(items["nebuliser"], day, 2)
            if "insulin" in kept:
                visit.charge(items["glucose_strip"], day, 4)
            if resident.age(day) >= 14 and (number in (0, length // 2) or self.full):
                high = 12 if "htn" in resident.ills else 0
                visit.measured.append(
                    Measured(
                        day, 7, "bp", round(chance.gauss(128 + high, 9)), round(chance.gauss(77, 6))
                    )
                )
            if number == 0 and (self.full or chance.random() < 0.4):
                visit.measured.append(
                    Measured(day, 7, "temperature", round(chance.uniform(36.4, 38.6), 1))
                )
        for key in kept if self.full else kept[:3]:
            visit.prescribed.append((drugs[key], length - 1 or 1, visit.start))
        if chance.random() < 0.006 and visit.end < self.end:
            # A result that comes after discharge is booked on its own day.
            visit.charge(items["crp"], visit.end + timedelta(1))


_SECOND_LEVEL = {"danshen", "xuesaitong", "shenmai", "shuxuening"}


def doctors_of(place: Institution) -> int:
    """How many doctors an institution has."""
    if place.kind == "hospital":
        return 40 if place.level >= 2 else 8
    return {"township_hospital": 6, "clinic": 2, "village_clinic": 1}.get(place.kind, 1)
