"""Addresses of the chronic care desk, below `/desk/chronic/`."""

from django.urls import path

from taihe.chronic import views

urlpatterns = [
    path("", views.today, name="chronic-today"),
    path("rates/", views.rates, name="chronic-rates"),
    path("people/", views.people, name="chronic-people"),
    path("alerts/", views.alert, name="chronic-alert"),
    path("<int:person>/", views.person, name="chronic-person"),
    path("<int:person>/visit/", views.visit, name="chronic-visit"),
    path("<int:person>/diagnosis/", views.diagnosis, name="chronic-diagnosis"),
    path("<int:person>/device/", views.device, name="chronic-device"),
]
