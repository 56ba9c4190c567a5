"""The JSON of the zone site."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from taihe.base.public import public_page
from taihe.zone import models


@public_page
@require_GET
def api_figures(request: HttpRequest, key: str) -> HttpResponse:
    """The frozen figures of a convention; `?edition=` chooses one, else the newest."""
    asked = request.GET.get("edition", "")
    if asked and not (asked.isascii() and asked.isdigit() and len(asked) < 7):
        return _problem(400, "edition is not a whole number.", "Write ?edition=1.")
    found = models.Bulletin.objects.filter(event=key)
    row = (found.filter(edition=int(asked)) if asked else found).first()
    if row is None:
        return _problem(404, "There is no frozen bulletin of this convention.", "")
    answer = HttpResponse(row.body.encode(), content_type="application/json")
    answer["ETag"] = f'"{row.fingerprint}"'
    answer["X-Taihe-Fingerprint"] = row.fingerprint
    return answer


def _problem(status: int, problem: str, do: str) -> HttpResponse:
    return JsonResponse(
        {"type": "about:blank", "title": problem, "status": status, "detail": do},
        status=status,
        content_type="application/problem+json",
    )


@public_page
@require_GET
def api_openapi(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document of this site's JSON."""
    from taihe.zone.openapi import DOCUMENT

    return JsonResponse(DOCUMENT)
