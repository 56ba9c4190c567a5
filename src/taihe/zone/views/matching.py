"""The matchmaking desk: who goes where, and a timetable without a clash."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from taihe.zone import presenters, rows
from taihe.zone.domain import matching
from taihe.zone.domain.matching import Instance
from taihe.zone.views.shared import officer

FIRMS = 24


@cache
def _synthetic(seed: int = 2019) -> Instance:
    """Synthetic firms that list three to six zones, and zones that list them by a score."""
    random = Random(seed)
    zones = [row.zone for row in rows.zones() if row.province == "安徽"]
    projects = {
        f"企业{number:02d}（合成）": random.sample(zones, random.randint(3, 6))
        for number in range(1, FIRMS + 1)
    }
    value: dict[tuple[str, str], int] = {}
    liked: dict[str, list[tuple[int, str]]] = {zone: [] for zone in zones}
    for project, wished in projects.items():
        for place, zone in enumerate(wished):
            score = random.randint(1, 100)
            liked[zone].append((-score, project))
            value[project, zone] = score + 100 - 10 * place
    ordered = {zone: [name for _, name in sorted(found)] for zone, found in liked.items()}
    return Instance(projects, ordered, {zone: random.randint(1, 2) for zone in zones}, value)


@officer
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """The matching best for firms, how it differs from the one best for zones, the rounds."""
    instance = _synthetic()
    today = timezone.localdate()
    by_firm, by_zone = matching.project_optimal(instance), matching.zone_optimal(instance)
    best = matching.best_assignment(instance)
    rounds = matching.timetable(instance.pairs()).rounds

    def name(zone: str) -> str:
        return presenters.zone_name(zone, today)

    of_firm = {firm: zone for zone, held in by_firm.items() for firm in held}
    of_zone = {firm: zone for zone, held in by_zone.items() for firm in held}
    shown: list[dict[str, Any]] = []
    for firm, wished in instance.projects.items():
        zone = of_firm.get(firm)
        shown.append(
            {
                "firm": firm,
                "zone": name(zone) if zone else "",
                "wish": wished.index(zone) + 1 if zone else None,
                "wishes": len(wished),
                "other": name(of_zone[firm]) if of_zone.get(firm) not in (None, zone) else "",
                "assigned": name(best.zone_of[firm]) if firm in best.zone_of else "",
            }
        )
    context = {
        "rows": shown,
        "matched": len(of_firm),
        "placed": best.placed,
        "firms": len(instance.projects),
        "blocking": len(matching.blocking_pairs(instance, by_firm)),
        "meetings": len(instance.pairs()),
        "rounds": [
            {"number": number, "pairs": [(firm, name(zone)) for firm, zone in one]}
            for number, one in enumerate(rounds, start=1)
        ],
    }
    return render(request, "zone/matching.html", context)
