"""Addresses of the insight desk, below `/desk/insight/`."""

from django.urls import path

from taihe.insight import views

urlpatterns = [
    path("", views.dashboard, name="insight"),
    path("quality/", views.quality, name="insight-quality"),
    path("<slug:key>/", views.indicator, name="insight-indicator"),
    path("<slug:key>/publish/", views.publish, name="insight-publish"),
]
