"""Addresses of the audit desk and of the hospital's desk, below `/desk/`."""

from django.urls import path

from taihe.claims import views

urlpatterns = [
    path("claims/", views.queue, name="claims-queue"),
    path("claims/answers/", views.answers, name="claims-answers"),
    path("claims/rules/", views.coverage, name="claims-rules"),
    path("claims/<int:number>/", views.case, name="claims-case"),
    path("claims/<int:number>/decide/", views.decide, name="claims-decide"),
    path("hospital/", views.hospital, name="hospital-cases"),
    path("hospital/<int:number>/", views.hospital_case, name="hospital-case"),
    path("hospital/<int:number>/decide/", views.decide, name="hospital-decide"),
]
