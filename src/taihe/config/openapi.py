"""
`/api/v1/openapi.json` of the health site: the JSON operations of every context.

A context offers `openapi.PATHS`; it is named here once.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from taihe.base.public import public_page


def paths() -> dict[str, Any]:
    """Every operation of this site, by its address."""
    from taihe.chronic import openapi as chronic
    from taihe.insight import openapi as insight

    return {**chronic.PATHS, **insight.PATHS}


@public_page
@require_GET
def document(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document; the FHIR interface has its own at `/fhir/metadata`."""
    return JsonResponse(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "健康太和 health site",
                "version": "1",
                "license": {"name": "Apache-2.0"},
            },
            "paths": paths(),
            "components": {
                "securitySchemes": {
                    "bearer": {"type": "http", "scheme": "bearer"},
                    "session": {
                        "type": "apiKey",
                        "in": "cookie",
                        "name": "taihe_health_session",
                    },
                }
            },
        }
    )
