"""Addresses of the ground floor, on both sites."""

from django.conf import settings
from django.urls import path

from taihe.base.views import health, pages, sign_in

urlpatterns = [
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("sign-in/demo/", sign_in.sign_in_demo, name="sign_in_demo"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("language/", pages.set_language, name="set_language"),
    path("definitions/", pages.definition_list, name="definitions"),
    path("definitions/<str:key>/", pages.definition, name="definition"),
    path("healthz", health.healthz, name="healthz"),
    path("metrics", health.metrics, name="metrics"),
]

if settings.TAIHE_SITE == "health":
    # The zone site's first page is public and belongs to the zone.
    urlpatterns.append(path("", pages.entry, name="entry"))
