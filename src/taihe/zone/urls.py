"""Addresses of the zone site; each view says who may call it."""

from django.urls import path

from taihe.zone.views import api, assessment, conventions, desk, imports, matching, parks, services
from taihe.zone.views import open as open_pages

urlpatterns = [
    path("", conventions.home, name="zone-front"),
    path("conventions/", conventions.conventions, name="zone-conventions"),
    path("conventions/<slug:key>/", conventions.convention, name="zone-convention"),
    path(
        "conventions/<slug:key>/editions/<int:edition>/",
        conventions.convention,
        name="zone-bulletin",
    ),
    path(
        "conventions/<slug:key>/editions/<int:edition>/projects/",
        conventions.bulletin_projects,
        name="zone-bulletin-projects",
    ),
    path(
        "conventions/<slug:key>/editions/<int:edition>/projects.csv",
        conventions.bulletin_table,
        name="zone-bulletin-table",
    ),
    path(
        "conventions/<slug:key>/editions/<int:edition>/bulletin.json",
        conventions.bulletin_body,
        name="zone-bulletin-body",
    ),
    path(
        "conventions/<slug:key>/editions/<int:edition>/recompute/",
        conventions.bulletin_recompute,
        name="zone-bulletin-recompute",
    ),
    path("zones/", open_pages.zones, name="zone-zones"),
    path("zones/<slug:code>/", open_pages.zone, name="zone-page"),
    path("map/", open_pages.industry_map, name="zone-map"),
    path("agreement/", open_pages.agreement, name="zone-agreement"),
    path("desk/agreement/ask/", open_pages.ask_peer, name="zone-ask-peer"),
    path("inventory/", open_pages.inventory, name="zone-inventory"),
    path("parks/<int:pk>/certificate/", parks.certificate, name="zone-certificate"),
    path("promotions/", services.catalogue, name="zone-catalogue"),
    path("desk/promotions/", services.promotions, name="zone-promotions"),
    path("desk/matching/", matching.overview, name="zone-matching"),
    path("desk/needs/", services.needs, name="zone-needs"),
    path("desk/parks/", parks.applications, name="zone-parks"),
    path("desk/parks/<int:pk>/", parks.application, name="zone-park"),
    path("desk/assessment/", assessment.overview, name="zone-assessment"),
    path("desk/assessment/<slug:code>/", assessment.why, name="zone-why"),
    path("desk/", desk.desk, name="zone-desk"),
    path("desk/projects/", desk.projects, name="zone-projects"),
    path("desk/projects/new/", desk.new_project, name="zone-new-project"),
    path("desk/projects/import/", imports.upload, name="zone-import"),
    path("desk/projects/import/<int:pk>/", imports.batch, name="zone-import-batch"),
    path(
        "desk/projects/import/<int:pk>/returned.xlsx", imports.returned, name="zone-import-returned"
    ),
    path("desk/projects/import/template.xlsx", imports.template, name="zone-import-template"),
    path("desk/projects/<int:pk>/", desk.project, name="zone-project"),
    path("desk/conventions/<slug:key>/freeze/", desk.freeze, name="zone-freeze"),
    path("api/v1/conventions/<slug:key>/figures", api.api_figures, name="zone-api-figures"),
    path("api/v1/openapi.json", api.api_openapi, name="zone-api-openapi"),
]
