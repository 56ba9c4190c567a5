"""Addresses of the zone site (INTERFACES, HTTP)."""

from django.urls import include, path

urlpatterns = [
    path("", include("taihe.base.urls")),
    path("desk/admin/", include("taihe.base.administration")),
    path("", include("taihe.zone.urls")),
]

handler400 = "taihe.base.views.bad_request"
handler403 = "taihe.base.views.refused"
handler404 = "taihe.base.views.not_found"
handler500 = "taihe.base.views.fault"
