"""What residents measure and answer themselves: home blood pressure, the constitution form."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404, HttpRequest
from django.shortcuts import redirect
from django.utils import timezone

from taihe.chronic import public as chronic
from taihe.kernel.errors import Conflict, Incorrect
from taihe.record import public as record
from taihe.resident.forms import PressureForm
from taihe.resident.mine import Mine
from taihe.resident.page import Made, own_page
from taihe.resident.tasks import tasks_of
from taihe.tcm import public as tcm

HOME = "85354-9-home"
FORM_WORDS = {"33": "老年人 33 题", "60": "成人 60 题"}


@own_page("home", action="measure", posts=True)
def measure(request: HttpRequest, mine: Mine) -> Made:
    """Write down a home blood pressure."""
    now = timezone.now()
    if request.method != "POST":
        local = timezone.localtime(now)
        initial = {"day": local.date(), "clock": local.time(), "key": uuid.uuid4()}
        form = PressureForm(initial=initial, now=now)
        return "resident/measure.html", {"form": form, "last": _home(mine)}
    form = PressureForm(request.POST, now=now)
    if form.is_valid():
        try:
            (taken,) = chronic.take_home_readings(
                mine.grant.person, [form.reading], by=mine.actor.party, at=now
            )
        except Conflict as error:
            form.add_error(None, f"{error.problem}{error.do}")
        except Incorrect:
            form.add_error(None, "这次的数没有存下，请核对后再写一次。")
        else:
            if taken["status"] != "refused":
                return redirect("app_measured")
            form.add_error(None, "这一页已经存过另一个数，请重新打开“量血压”再写。")
    return "resident/measure.html", {"form": form, "last": _home(mine)}, 400


@own_page("home", action="measure")
def measured(request: HttpRequest, mine: Mine) -> Made:
    """What was stored, how far it is to a usable mean, and what to do at once."""
    urgent = [one for one in tasks_of((mine.grant.person,), mine.on) if one.tone == "bad"]
    return "resident/measured.html", {"one": _home(mine), "urgent": urgent, "today": mine.on}


def _home(mine: Mine) -> record.ShownSeries | None:
    page = record.page_of_grant(
        mine.grant, on=mine.on, shown=("Patient", "Observation", "Condition")
    )
    found = next((one for one in page.results if one.key == HOME), None)
    return record.shown_series(found, height=170) if found else None


@own_page("record", action="constitution")
def constitutions(request: HttpRequest, mine: Mine) -> Made:
    """My judged forms, and the form for my age."""
    who = _who(mine)
    elder_form = (who.age(mine.on) or 0) >= 65
    names = ("33", "60") if elder_form else ("60",)
    return "resident/constitutions.html", {
        "found": tcm.constitutions_of(mine.grant),
        "forms": [(name, FORM_WORDS[name]) for name in names],
    }


@own_page("record", action="constitution", posts=True)
def constitution(request: HttpRequest, mine: Mine, name: str) -> Made:
    """Answer a form; blanks are asked back by item and nothing is lost."""
    who = _who(mine)
    if name not in FORM_WORDS:
        raise Http404
    if name == "60" and who.sex not in ("male", "female"):
        return (
            "resident/without.html",
            {"problem": "档案里没有写性别，60 题里有一题分男女。", "do": "请到村卫生室改好再答。"},
            409,
        )
    posted = request.POST if request.method == "POST" else None
    form = tcm.constitution_form(posted, form=name, sex=who.sex)
    if posted is not None and form.is_valid():
        tcm.save_constitution(
            mine.grant,
            form.facts,
            filled_by="resident",
            by=mine.actor.party,
            by_name="本人",
            at=timezone.now(),
        )
        return redirect("app_constitutions")
    missing = sum(bool(one.errors) for one in form.questions) if posted else 0
    context: dict[str, Any] = {"form": form, "words": FORM_WORDS[name], "missing": missing}
    return "resident/constitution.html", context, 400 if posted else 200


def _who(mine: Mine) -> record.Demographics:
    return record.page_of_grant(mine.grant, on=mine.on, shown=("Patient",)).demographics
