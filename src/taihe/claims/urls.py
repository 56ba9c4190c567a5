"""Addresses of the audit desk and of the hospital's desk, below `/desk/`."""

from django.urls import path

from taihe.claims import views

urlpatterns = [
    path("claims/", views.queue, name="claims-queue"),
    path("claims/answers/", views.answers, name="claims-answers"),
    path("claims/rules/", views.coverage, name="claims-rules"),
    path("claims/<int:number>/", views.case, name="claims-case"),
    path("claims/<int:number>/decide/", views.decide, name="claims-decide"),
    path("claims/rules/rows/", views.rule_rows_page, name="claims-rule-rows"),
    path("claims/rules/row/", views.rule_row, name="claims-rule"),
    path("claims/<int:number>/vote/", views.vote, name="claims-vote"),
    path("hospital/", views.hospital, name="hospital-cases"),
    path("hospital/<int:number>/", views.hospital_case, name="hospital-case"),
    path("hospital/<int:number>/appeal/", views.appeal, name="hospital-appeal"),
    path("hospital/<int:number>/decide/", views.decide, name="hospital-decide"),
]
