"""Public pages beside the bulletins: zones, industry map, agreement, inventory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from taihe.base.public import current_actor, public_page, required_actor
from taihe.zone import models, peer, policies, presenters, queries, rows
from taihe.zone.domain import concentration
from taihe.zone.domain.bulletin import Line
from taihe.zone.domain.zones import LEVELS
from taihe.zone.views.shared import officer


@public_page
@require_GET
def zones(request: HttpRequest) -> HttpResponse:
    """The list of zones by province."""
    today = timezone.localdate()
    shown: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(
        rows.zones(), key=lambda one: (one.province != "安徽", one.province, one.zone)
    ):
        level = next(
            (name.level for name in rows.zone_names()
             if name.zone == row.zone and name.kind == "official" and name.valid.holds(today)),
            "",
        )  # fmt: skip
        shown.setdefault(row.province, []).append(
            {
                "name": presenters.zone_name(row.zone, today),
                "url": reverse("zone-page", args=[row.zone]),
                "level": LEVELS[level],
                "city": row.city,
            }
        )
    return render(request, "zone/zones.html", {"provinces": shown})


@public_page
@require_GET
def zone(request: HttpRequest, code: str) -> HttpResponse:
    """A zone: each claim on the page stands beside its source."""
    row = next((one for one in rows.zones() if one.zone == code), None)
    if row is None:
        raise Http404
    today = timezone.localdate()
    names = [one for one in rows.zone_names() if one.zone == code]
    context = {
        "row": row,
        "name": presenters.zone_name(code, today),
        "names": [one for one in names if one.kind == "official"],
        "aliases": [one.name for one in names if one.kind == "alias"],
        "levels": LEVELS,
        "park": row.park_2019_11.partition(":"),
        "rankings": [one for one in rows.rankings() if one.zone == code],
        "published": _published(code),
    }
    return render(request, "zone/zone.html", context)


def _newest() -> list[models.Bulletin]:
    found: dict[str, models.Bulletin] = {}
    for row in models.Bulletin.objects.select_related("event").order_by("edition"):
        found[row.event_id] = row
    return list(found.values())


def _published(code: str) -> list[dict[str, Any]]:
    shown = []
    for row in _newest():
        lines = [line for line in queries.lines_of(row) if line.facts.zone == code]
        if lines:
            url = reverse("zone-bulletin-projects", args=[row.event_id, row.edition])
            shown.append(
                {
                    "bulletin": row,
                    "count": len(lines),
                    "investment": presenters.yi(sum(line.facts.investment_fen for line in lines)),
                    "url": f"{url}?zone={code}",
                }
            )
    return shown


@public_page
@require_GET
def industry_map(request: HttpRequest) -> HttpResponse:
    """Where an industry weighs more than elsewhere: location quotients of published projects."""
    lines = [line for row in _newest() for line in queries.lines_of(row) if line.facts.zone]
    quotients = concentration.location_quotients(_matrix(lines))
    divisions = sorted({line.industry[:2] for line in lines})
    chosen = request.GET.get("industry", "")
    if chosen not in divisions:
        chosen = "27" if "27" in divisions else (divisions[0] if divisions else "")
    today = timezone.localdate()
    tiles = []
    for code, (row, column) in rows.schematic().items():
        value = quotients.get(code, {}).get(chosen)
        tiles.append(
            {
                "code": code,
                "name": presenters.zone_name(code, today),
                "short": _short(code),
                "place": f"r{row} c{column}",
                "value": value,
                "step": _step(value),
                "words": "无项目" if value is None else f"{value:.2f}",
                "url": reverse("zone-page", args=[code]),
            }
        )
    tiles.sort(key=lambda tile: -(tile["value"] or 0.0))
    context = {
        "tiles": tiles if lines else [],
        "chosen": chosen,
        "chosen_name": presenters.industry_name(chosen) if chosen else "",
        "divisions": [(code, presenters.industry_name(code)) for code in divisions],
        "leaders": [tile for tile in tiles if (tile["value"] or 0) > 1][:3],
    }
    return render(request, "zone/industry_map.html", context)


def _matrix(lines: list[Line]) -> dict[str, dict[str, float]]:
    """Signed investment by zone and division, in fen."""
    found: dict[str, dict[str, float]] = {}
    for line in lines:
        row = found.setdefault(line.facts.zone, {})
        division = line.industry[:2]
        row[division] = row.get(division, 0.0) + line.facts.investment_fen
    return found


def _step(value: float | None) -> int:
    """One of five steps of colour; 0 where there is nothing."""
    if not value:
        return 0
    return 1 + sum(value >= edge for edge in (0.5, 1.0, 1.5, 2.0))


def _short(code: str) -> str:
    aliases = [one.name for one in rows.zone_names() if one.zone == code and one.kind == "alias"]
    shortest = min(aliases, key=len, default=code)
    return shortest.removesuffix("经开区")


@public_page
@require_GET
def agreement(request: HttpRequest) -> HttpResponse:
    """
    The healthy-city agreement: each clause as a deliverable with its state.

    Officers see beside it what the health site released to the zone, with its time.
    """
    actor = current_actor(request)
    state = peer.state(timezone.now()) if actor and actor.has(*policies.ROLES) else None
    context = {"promises": _linked(rows.agreement()), "peer": state}
    return render(request, "zone/agreement.html", context)


@officer
@require_POST
def ask_peer(request: HttpRequest) -> HttpResponse:
    """Ask the health site now."""
    peer.ask(by=required_actor(request).party, at=timezone.now())
    return redirect(reverse("zone-agreement") + "#health")


def _linked(found: Sequence[Any]) -> list[dict[str, Any]]:
    """Rows with the address they lead to: `health:/path` is a page of the peer, if it is known."""
    base = peer.address()
    shown = []
    for one in found:
        site, _, path = one.url.partition(":")
        url = (f"{base}{path}" if base else "") if site == "health" else one.url
        shown.append({"row": one, "url": url})
    return shown


@public_page
@require_GET
def inventory(request: HttpRequest) -> HttpResponse:
    """The 45 named systems and processes, what serves each today, and how far it is."""
    found = rows.inventory()
    counts = [
        {"word": word, "count": sum(row.state == state for row in found)}
        for state, word in rows.STATES.items()
        if state != "open"
    ]
    return render(request, "zone/inventory.html", {"rows": _linked(found), "counts": counts})
