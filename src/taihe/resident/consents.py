"""Consent: what may be read, what stops and what the law keeps, and a receipt for each decision."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest
from django.shortcuts import redirect
from django.utils import timezone

from taihe.base.public import organisation_of_party
from taihe.kernel.errors import Incorrect, NotFound
from taihe.record import public as record
from taihe.resident.mine import Mine
from taihe.resident.page import Made, own_page

ONE = "treat-one"
RELATED = ("treats", "family_doctor")
WHY_STILL = {
    "booking": "您的预约",
    "admission": "住院",
    "referral": "转诊",
    "dispensing": "取药",
}


@own_page("me", action="consents")
def consents(request: HttpRequest, mine: Mine) -> Made:
    """Every switch as it stands, and each institution that may read."""
    now = timezone.now()
    return "resident/consents.html", {
        "states": record.consent_states(mine.grant, at=now),
        "institutions": _institutions(mine, now),
        "receipts": _shown(record.consent_receipts(mine.grant)[:3]),
    }


@own_page("me", action="consents", posts=True)
def consent(request: HttpRequest, mine: Mine, key: str, party: int = 0) -> Made:
    """One switch: what it means, what stops, what the law keeps; then the decision."""
    now = timezone.now()
    try:
        state = record.consent_state(mine.grant, key, at=now, party=party)
    except NotFound:
        raise Http404 from None
    if (state.switch.scope == "one") != bool(party):
        raise Http404
    place = _name(party) if party else ""
    if party and not place:
        raise Http404
    problem: dict[str, Any] = {}
    if request.method == "POST":
        decision = request.POST.get("decision", "")
        if decision not in ("withdraw", "give"):
            problem = {"problem": "没有选停用还是恢复。", "do": "请点下面的按钮。"}
        elif (decision == "give") == state.is_open:
            return redirect("app_consents")
        else:
            decide = record.give_consent if decision == "give" else record.withdraw_consent
            try:
                number = decide(mine.grant, key, by=mine.actor.party, at=now, party=party)
            except (Incorrect, NotFound) as error:
                problem = {"problem": error.problem, "do": error.do}
            else:
                return redirect("app_receipt", number=number)
    context = {
        "state": state,
        "switch": state.switch,
        "place": place,
        "kept": record.consent_kept(state.switch, mine.on),
        "still": _still(mine, state.switch, now, party),
        "closed_one_by_one": [one["name"] for one in _institutions(mine, now) if not one["is_open"]]
        if not party
        else [],
        **problem,
    }
    return "resident/consent.html", context, 400 if problem else 200


@own_page("me", action="consents")
def receipts(request: HttpRequest, mine: Mine) -> Made:
    """Every decision, the newest first."""
    return "resident/receipts.html", {"receipts": _shown(record.consent_receipts(mine.grant))}


@own_page("me", action="consents")
def receipt(request: HttpRequest, mine: Mine, number: int) -> Made:
    """One decision as it is handed out: the words, the time, what it does, what stays."""
    found = [one for one in record.consent_receipts(mine.grant) if one.number == number]
    if not found:
        raise Http404
    (shown,) = _shown(found)
    kept = record.consent_kept(found[0].switch, mine.on)
    still = _still(mine, found[0].switch, timezone.now(), found[0].party)
    return "resident/receipt.html", {**shown, "kept": kept, "still": still}


def _shown(found: list[record.Receipt]) -> list[dict[str, Any]]:
    return [{"one": one, "place": _name(one.party) or "所有机构"} for one in found]


def _still(mine: Mine, switch: record.Switch, now: datetime, party: int) -> list[dict[str, str]]:
    """Institutions that may read by law now although this switch is off, each with why."""
    rows = [
        row
        for row in record.consent_kept(switch, mine.on)
        if set(row.purposes) & set(switch.purposes)
    ]
    found = {
        (relation.party, WHY_STILL[row.key])
        for relation in _relations_now(mine, now)
        for row in rows
        if relation.kind in row.relations
        and relation.source.startswith(row.opened_by)
        and party in (0, relation.party)
        and row.key in WHY_STILL
    }
    return [{"name": _name(one), "why": why} for one, why in sorted(found) if _name(one)]


def _relations_now(mine: Mine, now: datetime) -> list[record.Relation]:
    return [
        relation
        for relation in record.relations_of(mine.grant.person)
        if relation.start <= now and (relation.end is None or now < relation.end)
    ]


def _institutions(mine: Mine, now: datetime) -> list[dict[str, Any]]:
    """The institutions with a relation now, and whether they may read."""
    parties = {relation.party for relation in _relations_now(mine, now) if relation.kind in RELATED}
    rows = [
        {
            "party": party,
            "name": _name(party),
            "is_open": record.consent_state(mine.grant, ONE, at=now, party=party).is_open,
        }
        for party in parties
        if _name(party)
    ]
    return sorted(rows, key=lambda row: str(row["name"]))


def _name(party: int) -> str:
    found = organisation_of_party(party) if party else None
    return found.name if found else ""
