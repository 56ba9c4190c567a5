"""The assessment desk: an index over synthetic values, with honest bands and reasons."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from taihe.kernel.index_engine.build import Options, Result, Units, assess
from taihe.kernel.index_engine.tree import Tree, read_tree
from taihe.kernel.index_engine.uncertainty import Band, bands, contributions, is_fast
from taihe.zone import presenters, rows
from taihe.zone.domain.standing import synthetic_units
from taihe.zone.views.shared import officer

SCHEMES = 10_000 if is_fast() else 1_000


@cache
def _standing() -> tuple[Tree, Units, Result, list[Band]]:
    text = (rows.KNOWLEDGE / "scheme_demo.csv").read_text("utf-8")
    tree = read_tree(text, name="scheme_demo.csv")
    national = {name.zone for name in rows.zone_names() if name.level == "national_etdz"}
    zones = [(row.zone, row.zone in national) for row in rows.zones() if row.province == "安徽"]
    units = synthetic_units(tree, zones)
    options = Options(impute_group="level")
    return tree, units, assess(tree, units, options), bands(
        tree, units, options, schemes=SCHEMES, top=5, last=5
    )  # fmt: skip


@officer
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """Ranks with their bands."""
    tree, units, result, found = _standing()
    today = timezone.localdate()
    weights = tree.effective_weights()
    shown: list[dict[str, Any]] = []
    for place, code in enumerate(units.names):
        band = found[place]
        shown.append(
            {
                "rank": result.ranks[place],
                "name": presenters.zone_name(code, today),
                "url": reverse("zone-why", args=[code]),
                "score": result.scores[tree.root.code][place],
                "band": band,
                "left": (band.low - 1) * 100 / len(units.names),
                "width": (band.high - band.low + 1) * 100 / len(units.names),
                "top": f"{band.share_top * 100:.0f}%",
                "last": f"{band.share_last * 100:.0f}%",
            }
        )
    shown.sort(key=lambda row: (row["rank"], row["name"]))
    context = {
        "rows": shown,
        "schemes": SCHEMES,
        "count": len(units.names),
        "groups": [
            (node.name, f"{weights[node.code] * 100:.0f}%") for node in tree.aggregates()[:-1]
        ],
    }
    return render(request, "zone/assessment.html", context)


@officer
@require_GET
def why(request: HttpRequest, code: str) -> HttpResponse:
    """Why a zone has its rank: what lifts it and what holds it back."""
    tree, units, result, found = _standing()
    if code not in units.names:
        raise Http404
    place = units.names.index(code)
    by_code = {node.code: node for node in tree.nodes}
    weights = tree.effective_weights()
    parts = []
    for indicator, part, beyond in contributions(tree, result.scores, place):
        raw = units.columns[indicator][place]
        parts.append(
            {
                "name": by_code[indicator].name,
                "group": by_code[by_code[indicator].parent].name,
                "raw": "缺失，按同级均值补" if raw is None else f"{raw:g}",
                "weight": f"{weights[indicator] * 100:.1f}%",
                "part": f"{part:.2f}",
                "beyond": f"{beyond:+.2f}",
                "tone": "good" if beyond > 0 else "bad",
                "share": min(1.0, abs(beyond) / 8),
            }
        )
    scores = result.scores[tree.root.code]
    known = [score for score in scores if score is not None]
    context = {
        "name": presenters.zone_name(code, timezone.localdate()),
        "rank": result.ranks[place],
        "count": len(units.names),
        "band": found[place],
        "score": scores[place],
        "mean": sum(known) / len(known),
        "parts": parts,
        "groups": [
            {"name": node.name, "score": result.scores[node.code][place],
             "rank": _rank_of(result.scores[node.code], place)}
            for node in tree.aggregates()[:-1]
        ],
    }  # fmt: skip
    return render(request, "zone/why.html", context)


def _rank_of(column: list[float | None], place: int) -> int | None:
    from taihe.kernel.index_engine.aggregation import ranks

    return ranks(column)[place]
