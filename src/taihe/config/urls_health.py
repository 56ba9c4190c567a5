"""Addresses of the health site (INTERFACES, HTTP). `/fhir/` is served before Django."""

from django.urls import include, path

urlpatterns = [
    path("", include("taihe.base.urls")),
    path("desk/admin/", include("taihe.base.administration")),
    path("desk/record/", include("taihe.record.urls")),
    path("desk/", include("taihe.claims.urls")),
    path("desk/", include("taihe.medicine.urls")),
    path("desk/visits/", include("taihe.visits.urls")),
    path("app/", include("taihe.resident.urls")),
]

handler400 = "taihe.base.views.bad_request"
handler403 = "taihe.base.views.refused"
handler404 = "taihe.base.views.not_found"
handler500 = "taihe.base.views.fault"
