"""Addresses of the prescription desk and of the pharmacy, below `/desk/`."""

from django.urls import path

from taihe.medicine import views

urlpatterns = [
    path("medicine/", views.desk, name="medicine-desk"),
    path("medicine/drugs/", views.drugs, name="medicine-drugs"),
    path("medicine/new/<int:person>/<str:kind>/", views.write, name="medicine-write"),
    path("medicine/<int:number>/", views.prescription, name="medicine-prescription"),
    path("medicine/<int:number>/amend/", views.amend, name="medicine-amend"),
    path("medicine/<int:number>/sign/", views.sign, name="medicine-sign"),
    path("medicine/<int:number>/withdraw/", views.withdraw, name="medicine-withdraw"),
    path("pharmacy/", views.pharmacy, name="pharmacy"),
    path("pharmacy/<int:number>/", views.presented, name="pharmacy-prescription"),
    path("pharmacy/<int:number>/dispense/", views.dispense, name="pharmacy-dispense"),
    path("pharmacy/<int:number>/return/", views.send_back, name="pharmacy-return"),
]
