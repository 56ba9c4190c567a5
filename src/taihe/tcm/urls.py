"""Addresses of the TCM desk, below `/desk/tcm/`."""

from django.urls import path

from taihe.tcm import views

urlpatterns = [
    path("", views.desk, name="tcm-desk"),
    path("names/", views.names, name="tcm-names"),
    path("<int:person>/prescribe/", views.write, name="tcm-write"),
    path("prescriptions/<int:number>/amend/", views.amend, name="tcm-amend"),
    path("<int:person>/constitution/", views.constitution, name="tcm-constitution"),
    path("<int:person>/constitutions/", views.constitutions, name="tcm-constitutions"),
]
