"""Addresses of the record desk, under `/desk/record/`."""

from django.urls import path

from taihe.record import views

urlpatterns = [
    path("", views.desk, name="record_desk"),
    path("<int:number>/", views.person, name="record_person"),
]
