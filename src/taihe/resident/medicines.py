"""One list of medicines: those of the record and those of signed prescriptions, doubles marked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from taihe.medicine.public import Shown
from taihe.record.public import Medicine

LAST_DAYS = 30
"""How long a prescription without a number of days counts as being taken."""

_FORMS = re.compile(
    r"(缓释|控释|肠溶|分散|咀嚼|口服|注射用|软|硬|薄膜衣)*"
    r"(片|胶囊|颗粒|滴丸|丸|口服液|溶液|注射液|合剂|糖浆|散|膏)$"
)
_SALTS = re.compile(r"^(苯磺酸|盐酸|硫酸|酒石酸|马来酸|富马酸|琥珀酸|磷酸|枸橼酸|甲磺酸)")


@dataclass(frozen=True)
class OneMedicine:
    """A medicine as the list shows it; `double` names the others with the same substance."""

    name: str
    usage: str
    prescribed_on: str
    place: str
    times: int = 1
    amount: str = ""
    double: tuple[str, ...] = ()


@dataclass(frozen=True)
class OneList:
    """What is taken now, what was taken before, and how many are perhaps taken twice."""

    current: tuple[OneMedicine, ...]
    past: tuple[OneMedicine, ...]

    @property
    def doubles(self) -> int:
        """How many medicines share their substance with another in the list."""
        return sum(bool(one.double) for one in self.current)


def substance(name: str) -> str:
    """
    A name without dosage form and salt, to tell doubles: 苯磺酸氨氯地平片 is 氨氯地平.

    What is left of a name may be another substance only if the names were equal up to their
    form; a slice or a name that has no form stays as it is.
    """
    plain = "".join(unicodedata.normalize("NFKC", name).split())
    plain = re.sub(r"[(\[〔（【].*?[)\]〕）】]", "", plain)
    shorter = _SALTS.sub("", _FORMS.sub("", plain))
    return shorter if len(shorter) >= 2 else plain


def one_list(medicines: Sequence[Medicine], prescriptions: Sequence[Shown], on: date) -> OneList:
    """
    The list of a day.

    A prescription counts as current for the days of its lines from its day on, without days
    for `LAST_DAYS`. The same name from both sides is one line; the same substance under other
    names, or from two places, is marked.
    """
    current = [
        OneMedicine(m.name, m.dosage, m.prescribed_on, m.source, m.times)
        for m in medicines
        if m.is_active
    ]
    past = [
        OneMedicine(m.name, m.dosage, m.prescribed_on, m.source, m.times)
        for m in medicines
        if not m.is_active
    ]
    for shown in prescriptions:
        if shown.state == "expired":
            continue
        for line in shown.lines:
            made = OneMedicine(
                line.name, line.usage, shown.day.isoformat(), shown.place, amount=line.amount
            )
            until = shown.day + timedelta(days=line.days or shown.doses or LAST_DAYS)
            _put(current if on <= until else past, made)
    return OneList(tuple(_marked(current)), tuple(past))


def _put(into: list[OneMedicine], made: OneMedicine) -> None:
    for place, one in enumerate(into):
        if one.name == made.name and (one.place == made.place or not one.place):
            newest = max(one, made, key=lambda m: m.prescribed_on)
            into[place] = replace(newest, times=one.times + 1, usage=newest.usage or one.usage)
            return
    into.append(made)


def _marked(current: Sequence[OneMedicine]) -> list[OneMedicine]:
    return [
        replace(
            one,
            double=tuple(
                f"{other.name}（{other.place or '机构未登记'}）"
                for other in current
                if other is not one and substance(other.name) == substance(one.name)
            ),
        )
        for one in current
    ]
