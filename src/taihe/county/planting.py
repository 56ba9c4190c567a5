"""
Violations put into the county on purpose, and beside each its near miss.

A plant is accepted only when the plain oracle, run over that person's claims with and
without it, finds exactly one finding more, of the wanted class; a near miss only when the
oracle finds nothing more.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from taihe.county.care import Care, Charge, Life, Visit
from taihe.county.catalogue import ACUTE, Catalogue, Drug
from taihe.county.oracle import Encounter, Finding, Line, Person, findings
from taihe.county.places import County
from taihe.county.rules import Rules

KINDS = (
    "DRUG_SEX",
    "ITEM_SEX",
    "DRUG_CHILD",
    "DRUG_INSURANCE",
    "DRUG_INPATIENT_ONLY",
    "DRUG_FACILITY_LEVEL",
    "TCM_NEVER_PAID",
    "TCM_SINGLE_ONLY",
    "INTERNET_DRUG",
    "FEE_OUT_OF_STAY",
    "REPEAT_PAIR_DAY",
    "REPEAT_PAIR_VISIT",
    "ITEM_DAY_MAX",
    "ITEM_PERIOD_MAX",
    "DRUG_COURSE_DAYS",
    "READMIT_15D",
)


@dataclass(frozen=True)
class NearMiss:
    """A near miss: what it almost violates, and why it does not."""

    kind: str
    rule_key: str
    psn_no: str
    mdtrt_id: str
    date: str
    lines: str
    why: str


def oracle_rows(life: Life) -> tuple[Person, list[Encounter], list[Line]]:
    """The claims of one life as the oracle takes them; visits get their numbers here."""
    resident = life.resident
    person = Person(resident.psn_no, resident.sex, resident.born)
    encounters, lines = [], []
    serial = 0
    claimed = [visit for visit in life.visits if not visit.public]
    claimed.sort(key=lambda visit: (visit.start, visit.end, visit.place.code))
    for number, visit in enumerate(claimed, start=1):
        visit.mdtrt_id = f"M{resident.index:07d}{number:03d}"
        encounters.append(
            Encounter(
                visit.mdtrt_id,
                resident.psn_no,
                visit.place.code,
                visit.place.level,
                visit.kind,
                visit.internet,
                visit.insutype,
                visit.start,
                visit.end,
            )
        )
        visit.charges.sort(key=_by_day)
        for charge in visit.charges:
            serial += 1
            lines.append(
                Line(
                    f"F{resident.index:07d}{serial:05d}",
                    visit.mdtrt_id,
                    resident.psn_no,
                    charge.day,
                    charge.code,
                    charge.cnt,
                )
            )
    return person, encounters, lines


def _by_day(charge: Charge) -> date:
    return charge.day


class Planter:
    """Plants the 16 classes in the lives of one settlement."""

    def __init__(
        self, county: County, catalogue: Catalogue, rules: Rules, care: Care, chance: random.Random
    ) -> None:
        self.county, self.catalogue, self.rules = county, catalogue, rules
        self.care, self.chance = care, chance
        sure = rules.unsure

        def codes(*sets: object) -> list[str]:
            return sorted(code for code in sets[0] if code not in sure)  # type: ignore[attr-defined]

        self.drug_sex = {
            sex: [code for code in codes(rules.drug_sex) if rules.drug_sex[code] == sex]
            for sex in "12"
        }
        self.item_sex = {
            sex: [
                code
                for code in codes(rules.item_sex)
                if rules.item_sex[code] == sex
                and code not in rules.pair_visit
                and code not in rules.day_max
            ]
            for sex in "12"
        }
        self.child = codes(rules.child)
        self.insurance = codes(rules.insurance)
        self.inpatient = codes(rules.inpatient)
        self.level = codes(rules.level)
        self.never = codes(rules.never_paid)
        self.single = codes(rules.single_only)
        self.internet = codes(rules.internet)
        self.day_max = [code for code in codes(rules.day_max) if code not in _BUNDLED]
        self.period = codes(rules.period)
        self.course = [code for code in codes(rules.course) if 5 <= rules.course[code][1] <= 21]
        special = rules.item_sex.keys() | rules.day_max.keys() | rules.period.keys()
        self.pair_day = self._pairs(rules.pair_day, special)
        self.pair_visit = self._pairs(rules.pair_visit, rules.day_max.keys())

    def _pairs(self, pairs: dict[str, list[str]], special: object) -> list[tuple[str, str]]:
        return [
            (main, sub)
            for main in sorted(pairs)
            for sub in pairs[main]
            if main not in special and sub not in special  # type: ignore[operator]
        ]

    # -- accepting --------------------------------------------------------------------------

    def try_violation(self, life: Life, kind: str) -> bool:
        """Plant one violation; True when the oracle finds exactly this one more."""
        return self._try(life, getattr(self, f"_hit_{kind.lower()}"), kind) is not None

    def try_near_miss(self, life: Life, kind: str) -> tuple[Visit, str, str] | None:
        """
        Plant one near miss; returns its visit, rule key and reason when the oracle finds
        nothing new.
        """
        return self._try(life, getattr(self, f"_near_{kind.lower()}"), "")

    def _try(
        self,
        life: Life,
        make: Callable[[Life], tuple[Visit, str, str] | None],
        wanted: str,
    ) -> tuple[Visit, str, str] | None:
        before = self._found(life)
        kept, taken = list(life.visits), set(life.taken)
        made = make(life)
        if made is not None:
            for visit in life.visits[len(kept) :]:
                visit.planted = True
            life.visits.sort(key=lambda visit: (visit.start, visit.end, visit.place.code))
            new = self._found(life)
            for finding in before:
                if finding in new:
                    new.remove(finding)
                else:
                    break
            else:
                if [kind for kind, *_ in new] == ([wanted] if wanted else []):
                    return made
        life.visits, life.taken = kept, taken
        return None

    def _found(self, life: Life) -> list[tuple[str, str, str, int, int]]:
        # Numbers of visits and lines shift when a visit is put between others, so findings
        # are compared without them.
        person, encounters, lines = oracle_rows(life)
        return [_shape(finding) for finding in findings([person], encounters, lines, self.rules)]

    # -- building blocks --------------------------------------------------------------------

    def _visit(
        self,
        life: Life,
        place: str = "near",
        *,
        day: date | None = None,
        insutype: str = "",
    ) -> Visit | None:
        when = self.care.free(life, day or self.care.day(0), tries=1 if day else 20)
        if when is None:
            return None
        home = life.resident.settlement
        where = {
            "near": home.centre,
            "clinic": home.clinic,
            "hospital": self.county.hospital,
            "tcm": self.county.tcm_hospital,
            "partner": self.county.partner,
            "private": self.county.private,
        }[place]
        group = 0 if life.resident.age(when) < 14 else 1 if life.resident.age(when) < 60 else 2
        ills = [ill for ill in ACUTE if not ill.sex]
        ill = self.chance.choices(ills, weights=[ill.weights[group] for ill in ills])[0]
        visit = self.care.open(life, where, when, [(ill.code, ill.name)], insutype=insutype)
        key = "visit_village" if where.kind in ("clinic", "village_clinic") else "visit"
        visit.charge(self.catalogue.items[key], when)
        return visit

    def _stay(
        self, life: Life, length: int, *, day: date | None = None, place: str = "hospital"
    ) -> Visit | None:
        when = self.care.free(life, day or self.care.day(0), length, tries=1 if day else 25)
        if when is None:
            return None
        where = self.county.hospital if place == "hospital" else self.county.tcm_hospital
        visit = self.care.open(
            life, where, when, [("H81.300", "周围性眩晕")], length=length, kind="2"
        )
        for number in range(length):
            on = when + timedelta(number)
            for key in ("bed", "stay_visit", "nursing2"):
                visit.charge(self.catalogue.items[key], on)
            visit.charge(self.catalogue.drugs["saline"], on, 2)
        visit.charge(self.catalogue.items["blood_count"], when)
        return visit

    def _charge(self, visit: Visit, code: str, day: date | None = None, cnt: int = 1) -> None:
        price = 800 + sum(map(ord, code)) % 97 * 100
        name, on = self.rules.names.get(code, code), day or visit.start
        visit.charges.append(Charge(on, code, name, cnt, price))
        if code[0] in "XZ" and all(drug.code != code for drug, _, _ in visit.prescribed):
            visit.prescribed.append((Drug(code, name, price, "遵医嘱", "盒"), cnt, on))

    def _sex(self, life: Life) -> str:
        return life.resident.sex

    def _other(self, life: Life) -> str:
        return "2" if life.resident.sex == "1" else "1"

    # -- one class after another: hit, then near miss ---------------------------------------

    def _one(self, visit: Visit | None, code: str, why: str = "") -> tuple[Visit, str, str] | None:
        if visit is None:
            return None
        self._charge(visit, code)
        return visit, code, why

    def _hit_drug_sex(self, life: Life) -> tuple[Visit, str, str] | None:
        code = self.chance.choice(self.drug_sex[self._other(life)])
        return self._one(self._visit(life), code)

    def _near_drug_sex(self, life: Life) -> tuple[Visit, str, str] | None:
        code = self.chance.choice(self.drug_sex[self._sex(life)])
        return self._one(self._visit(life), code, "性别与限定一致")

    def _hit_item_sex(self, life: Life) -> tuple[Visit, str, str] | None:
        code = self.chance.choice(self.item_sex[self._other(life)])
        return self._one(self._visit(life, "hospital"), code)

    def _near_item_sex(self, life: Life) -> tuple[Visit, str, str] | None:
        code = self.chance.choice(self.item_sex[self._sex(life)])
        return self._one(self._visit(life, "hospital"), code, "性别与限定一致")

    def _birthday(self, life: Life, years: int) -> date:
        born = life.resident.born
        try:
            return born.replace(year=born.year + years)
        except ValueError:
            return date(born.year + years, 3, 1)

    def _hit_drug_child(self, life: Life) -> tuple[Visit, str, str] | None:
        eighteen = self._birthday(life, 18)
        day = eighteen if self.care.start <= eighteen <= self.care.end else None
        if eighteen > self.care.end:
            return None
        return self._one(self._visit(life, day=day), self.chance.choice(self.child))

    def _near_drug_child(self, life: Life) -> tuple[Visit, str, str] | None:
        eve = self._birthday(life, 18) - timedelta(1)
        if eve < self.care.start:
            return None
        day = eve if eve <= self.care.end else None
        why = "18岁生日前一天" if day else "未满18周岁"
        return self._one(self._visit(life, day=day), self.chance.choice(self.child), why)

    def _hit_drug_insurance(self, life: Life) -> tuple[Visit, str, str] | None:
        code = self.chance.choice(self.insurance)
        return self._one(self._visit(life, "hospital", insutype="390"), code)

    def _near_drug_insurance(self, life: Life) -> tuple[Visit, str, str] | None:
        code = self.chance.choice(self.insurance)
        kind = self.rules.insurance[code]
        if kind == "510" and life.resident.sex == "1":
            return None
        return self._one(self._visit(life, "hospital", insutype=kind), code, "险种与限定一致")

    def _hit_drug_inpatient_only(self, life: Life) -> tuple[Visit, str, str] | None:
        return self._one(self._visit(life, "hospital"), self.chance.choice(self.inpatient))

    def _near_drug_inpatient_only(self, life: Life) -> tuple[Visit, str, str] | None:
        return self._one(self._stay(life, 3), self.chance.choice(self.inpatient), "住院使用")

    def _hit_drug_facility_level(self, life: Life) -> tuple[Visit, str, str] | None:
        code = self.chance.choice(self.level)
        place = "clinic" if self.chance.random() < 0.5 else "near"
        return self._one(self._visit(life, place), code)

    def _near_drug_facility_level(self, life: Life) -> tuple[Visit, str, str] | None:
        code = self.chance.choice(self.level)
        place = "hospital" if self.rules.level[code] == 2 else "partner"
        return self._one(self._visit(life, place), code, "机构级别恰为最低限定级别")

    def _hit_tcm_never_paid(self, life: Life) -> tuple[Visit, str, str] | None:
        visit = self.care.tcm(life, self.care.day(0))
        return self._one(visit, self.chance.choice(self.never))

    def _near_tcm_never_paid(self, life: Life) -> tuple[Visit, str, str] | None:
        visit = self.care.tcm(life, self.care.day(0))
        return self._one(visit, self.chance.choice(self.single), "限单方的饮片用于复方")

    def _hit_tcm_single_only(self, life: Life) -> tuple[Visit, str, str] | None:
        visit = self._visit(life, "tcm")
        if visit is None:
            return None
        for code in self.chance.sample(self.single, self.chance.randint(1, 3)):
            self._charge(visit, code, cnt=90)
        return visit, "-", ""

    def _near_tcm_single_only(self, life: Life) -> tuple[Visit, str, str] | None:
        made = self._hit_tcm_single_only(life)
        if made is None:
            return None
        herb = self.chance.choice(self.catalogue.herbs)
        made[0].charge(herb, made[0].start, 90)
        return made[0], "-", "同日另有一味非限制饮片"

    def _hit_internet_drug(self, life: Life) -> tuple[Visit, str, str] | None:
        visit = self._visit(life, "hospital")
        if visit is None:
            return None
        visit.internet = "1"
        return self._one(visit, self.chance.choice(self.internet))

    def _near_internet_drug(self, life: Life) -> tuple[Visit, str, str] | None:
        code = self.chance.choice(self.internet)
        return self._one(self._visit(life, "hospital"), code, "非互联网就诊")

    def _hit_fee_out_of_stay(self, life: Life) -> tuple[Visit, str, str] | None:
        visit = self._stay(life, 4)
        if visit is None:
            return None
        day = visit.end + timedelta(1)
        if day > self.care.end:
            return None
        visit.charge(self.catalogue.items["dressing"], day)
        return visit, "-", ""

    def _near_fee_out_of_stay(self, life: Life) -> tuple[Visit, str, str] | None:
        visit = self._stay(life, 4)
        if visit is None:
            return None
        visit.charge(self.catalogue.items["dressing"], visit.end)
        return visit, "-", "费用日期为出院当日"

    def _pair_fits(self, life: Life, pair: tuple[str, str]) -> bool:
        allowed = (self.rules.item_sex.get(code) for code in pair)
        return all(sex in (None, life.resident.sex) for sex in allowed)

    def _hit_repeat_pair_day(self, life: Life) -> tuple[Visit, str, str] | None:
        main, sub = self.chance.choice(self.pair_day)
        visit = self._visit(life, "hospital")
        if visit is None:
            return None
        self._charge(visit, main)
        self._charge(visit, sub)
        return visit, f"{main}>{sub}", ""

    def _near_repeat_pair_day(self, life: Life) -> tuple[Visit, str, str] | None:
        main, sub = self.chance.choice(self.pair_day)
        visit = self._visit(life, "hospital")
        if visit is None:
            return None
        self._charge(visit, main)
        if self.chance.random() < 0.5:
            other = self._visit(life, "hospital", day=visit.start + timedelta(1))
            why = "两项不在同一日"
        else:
            life.taken.discard(visit.start)
            other = self._visit(life, "tcm", day=visit.start)
            why = "同一日但不在同一机构"
        if other is None:
            return None
        self._charge(other, sub)
        return visit, f"{main}>{sub}", why

    def _hit_repeat_pair_visit(self, life: Life) -> tuple[Visit, str, str] | None:
        main, sub = self.chance.choice(self.pair_visit)
        if not self._pair_fits(life, (main, sub)):
            return None
        visit = self._stay(life, 5)
        if visit is None:
            return None
        self._charge(visit, main, visit.start + timedelta(1))
        self._charge(visit, sub, visit.start + timedelta(2))
        return visit, f"{main}>{sub}", ""

    def _near_repeat_pair_visit(self, life: Life) -> tuple[Visit, str, str] | None:
        main, sub = self.chance.choice(self.pair_visit)
        if not self._pair_fits(life, (main, sub)):
            return None
        visit = self._stay(life, 5)
        if visit is None:
            return None
        self._charge(visit, main, visit.start + timedelta(1))
        other = self._visit(life, "hospital", day=visit.end + timedelta(3))
        if other is None:
            return None
        self._charge(other, sub)
        return visit, f"{main}>{sub}", "两项不在同一次就诊"

    def _hit_item_day_max(self, life: Life) -> tuple[Visit, str, str] | None:
        code = self.chance.choice(self.day_max)
        visit = self._stay(life, 4)
        if visit is None:
            return None
        day, most = visit.start + timedelta(1), self.rules.day_max[code]
        if most > 1:
            self._charge(visit, code, day, most)
            self._charge(visit, code, day, 1)
        else:
            self._charge(visit, code, day, 2)
        return visit, code, ""

    def _near_item_day_max(self, life: Life) -> tuple[Visit, str, str] | None:
        code = self.chance.choice(self.day_max)
        visit = self._stay(life, 4)
        if visit is None:
            return None
        most = self.rules.day_max[code]
        for number in (1, 2):
            self._charge(visit, code, visit.start + timedelta(number), most)
        return visit, code, "每日数量恰为上限"

    def _twice(self, life: Life, code: str, gap: int) -> Visit | None:
        first = self._visit(life, "hospital")
        if first is None:
            return None
        second = self._visit(life, "near", day=first.start + timedelta(gap))
        if second is None:
            return None
        self._charge(first, code)
        self._charge(second, code)
        return second

    def _hit_item_period_max(self, life: Life) -> tuple[Visit, str, str] | None:
        code = self.chance.choice(self.period)
        visit = self._twice(life, code, self.rules.period[code][1] - 1)
        return (visit, code, "") if visit else None

    def _near_item_period_max(self, life: Life) -> tuple[Visit, str, str] | None:
        code = self.chance.choice(self.period)
        visit = self._twice(life, code, self.rules.period[code][1])
        return (visit, code, "间隔恰满一个周期") if visit else None

    def _course(self, life: Life, extra: int, why: str) -> tuple[Visit, str, str] | None:
        code = self.chance.choice(self.course)
        name, most = self.rules.course[code]
        visit = self._stay(life, most + 2)
        if visit is None:
            return None
        for number in range(most + extra):
            self._charge(visit, code, visit.start + timedelta(number))
        return visit, name, why

    def _hit_drug_course_days(self, life: Life) -> tuple[Visit, str, str] | None:
        return self._course(life, self.chance.randint(1, 2), "")

    def _near_drug_course_days(self, life: Life) -> tuple[Visit, str, str] | None:
        return self._course(life, 0, "疗程恰为最长天数")

    def _again(
        self, life: Life, gap: int, why: str, place: str = "tcm"
    ) -> tuple[Visit, str, str] | None:
        first = self._stay(life, 4)
        if first is None:
            return None
        second = self._stay(
            life, 4, day=first.end + timedelta(gap), place="hospital" if place == "same" else "tcm"
        )
        if second is None:
            return None
        return second, "-", why

    def _hit_readmit_15d(self, life: Life) -> tuple[Visit, str, str] | None:
        return self._again(life, self.chance.choice((15, 15, 9, 4, 1)), "", "same")

    def _near_readmit_15d(self, life: Life) -> tuple[Visit, str, str] | None:
        if self.chance.random() < 0.6:
            return self._again(life, 16, "间隔16天", "same")
        return self._again(life, 10, "间隔15天内但不在同一机构", "other")


# Charged by every planted stay itself.
_BUNDLED = frozenset({"001109000010000", "001102000050000", "001201000040000"})


def _shape(finding: Finding) -> tuple[str, str, str, int, int]:
    key = "" if finding.kind == "READMIT_15D" else finding.rule_key
    return (
        finding.kind,
        key,
        finding.date,
        finding.violating_lines.count("|"),
        finding.involved_lines.count("|"),
    )
