"""Addresses of the zone site; each view says who may call it."""

from django.urls import path

from taihe.zone import views

urlpatterns = [
    path("", views.home, name="zone-front"),
    path("conventions/", views.conventions, name="zone-conventions"),
    path("conventions/<slug:key>/", views.convention, name="zone-convention"),
    path("conventions/<slug:key>/editions/<int:edition>/", views.convention, name="zone-bulletin"),
    path(
        "conventions/<slug:key>/editions/<int:edition>/projects/",
        views.bulletin_projects,
        name="zone-bulletin-projects",
    ),
    path(
        "conventions/<slug:key>/editions/<int:edition>/projects.csv",
        views.bulletin_table,
        name="zone-bulletin-table",
    ),
    path(
        "conventions/<slug:key>/editions/<int:edition>/bulletin.json",
        views.bulletin_body,
        name="zone-bulletin-body",
    ),
    path(
        "conventions/<slug:key>/editions/<int:edition>/recompute/",
        views.bulletin_recompute,
        name="zone-bulletin-recompute",
    ),
    path("desk/", views.desk, name="zone-desk"),
    path("desk/projects/", views.projects, name="zone-projects"),
    path("desk/projects/new/", views.new_project, name="zone-new-project"),
    path("desk/projects/<int:pk>/", views.project, name="zone-project"),
    path("desk/conventions/<slug:key>/freeze/", views.freeze, name="zone-freeze"),
    path("api/v1/conventions/<slug:key>/figures", views.api_figures, name="zone-api-figures"),
    path("api/v1/openapi.json", views.api_openapi, name="zone-api-openapi"),
]
