"""Addresses of the resident's pages, under `/app/`."""

from django.urls import path

from taihe.resident import views

urlpatterns = [
    path("", views.home, name="app_home"),
    path("record/", views.my_record, name="app_record"),
    path("medicines/", views.medicines, name="app_medicines"),
    path("results/", views.results, name="app_results"),
    path("results/<str:key>/", views.result, name="app_result"),
    path("bills/", views.bills, name="app_bills"),
    path("seen/", views.seen, name="app_seen"),
    path("me/", views.me, name="app_me"),
]
