"""Addresses of the care desk, below `/desk/care/`."""

from django.urls import path

from taihe.care import views

urlpatterns = [
    path("", views.desk, name="care-desk"),
    path("beds/", views.beds, name="care-beds"),
    path("admit/", views.admit, name="care-admit"),
    path("<int:person>/", views.person, name="care-person"),
    path("<int:person>/assess/", views.assess, name="care-assess"),
    path("<int:person>/task/", views.task, name="care-task"),
    path("<int:person>/event/", views.event, name="care-event"),
    path("<int:person>/move/", views.move, name="care-move"),
    path("<int:person>/discharge/", views.discharge, name="care-discharge"),
]
