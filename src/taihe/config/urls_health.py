"""Addresses of the health site (INTERFACES, HTTP). `/fhir/` is served before Django."""

from django.urls import include, path

from taihe.chronic.api import telemetry
from taihe.config import openapi
from taihe.insight.api import aggregates

urlpatterns = [
    path("", include("taihe.base.urls")),
    path("desk/admin/", include("taihe.base.administration")),
    path("desk/record/", include("taihe.record.urls")),
    path("desk/", include("taihe.claims.urls")),
    path("desk/", include("taihe.medicine.urls")),
    path("desk/visits/", include("taihe.visits.urls")),
    path("desk/chronic/", include("taihe.chronic.urls")),
    path("desk/tcm/", include("taihe.tcm.urls")),
    path("desk/care/", include("taihe.care.urls")),
    path("desk/insight/", include("taihe.insight.urls")),
    path("api/v1/aggregates", aggregates, name="api-aggregates"),
    path("api/v1/telemetry", telemetry, name="api-telemetry"),
    path("api/v1/openapi.json", openapi.document, name="api-openapi"),
    path("app/", include("taihe.resident.urls")),
]

handler400 = "taihe.base.views.bad_request"
handler403 = "taihe.base.views.refused"
handler404 = "taihe.base.views.not_found"
handler500 = "taihe.base.views.fault"
