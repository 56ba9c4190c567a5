"""
What other systems may have: published aggregates, by token, and every reading in the trail.

`GET /api/v1/aggregates` with `Authorization: Bearer …` of a scope that covers reading of
MeasureReport (`system/MeasureReport.r`). Only released tables leave, after the small-cell rule.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from taihe.base import definitions, trail
from taihe.base.public import for_systems
from taihe.insight import models, rules
from taihe.record import public as record

SCOPE = "MeasureReport"


@for_systems
@cache_control(private=True, no_store=True)
@require_GET
def aggregates(request: HttpRequest) -> HttpResponse:
    """The newest released table of each indicator; `?indicator=` asks for one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    grant = record.token_grant(token.strip()) if scheme.lower() == "bearer" else None
    if grant is None:
        refused = _problem(401, "A bearer token is needed.", "Send Authorization: Bearer TOKEN.")
        refused["WWW-Authenticate"] = 'Bearer realm="taihe"'
        return refused
    if not grant.allows(SCOPE, "r"):
        return _problem(403, "This token does not cover aggregates.", f"Ask for system/{SCOPE}.r.")
    asked = request.GET.get("indicator", "")
    if asked and asked not in rules.indicators():
        return _problem(
            404, "There is no such indicator.", f"One of {', '.join(rules.indicators())}."
        )
    keys = [asked] if asked else list(rules.indicators())
    found = [row for key in keys if (row := newest(key)) is not None]
    trail.record(
        "insight.aggregates.read",
        "aggregates",
        by=grant.reader.party,
        at=timezone.now(),
        detail={"indicators": [row.key for row in found], "client": grant.reader.client},
    )
    return JsonResponse(
        {"form": "taihe.insight.aggregates/1", "aggregates": [_written(row) for row in found]}
    )


def newest(key: str) -> models.Publication | None:
    """The released table of an indicator that counts now."""
    return models.Publication.objects.filter(key=key).order_by("-edition").first()


def _written(row: models.Publication) -> dict[str, Any]:
    definition = definitions.get(row.key)
    return {
        "key": row.key,
        "title": definition.title,
        "unit": definition.unit,
        "definition": f"/definitions/{row.key}/",
        "source": definition.source,
        "example": rules.indicators()[row.key].is_example,
        "edition": row.edition,
        "as_of": row.as_of.isoformat(),
        "minimum_cell": row.minimum,
        "published_at": row.published_at.isoformat(),
        "cells": row.cells,
    }


def _problem(status: int, problem: str, do: str) -> HttpResponse:
    return JsonResponse(
        {"type": "about:blank", "title": problem, "status": status, "detail": do},
        status=status,
        content_type="application/problem+json",
    )
