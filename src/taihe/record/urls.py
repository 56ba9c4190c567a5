"""Addresses of the record desk, under `/desk/record/`."""

from django.urls import path

from taihe.record import views
from taihe.record.linkage import views as pairs

urlpatterns = [
    path("", views.desk, name="record_desk"),
    path("pairs/", pairs.listed, name="record_pairs"),
    path("pairs/<int:number>/", pairs.pair, name="record_pair"),
    path("pairs/<int:number>/decide/", pairs.decide, name="record_pair_decide"),
    path("<int:number>/", views.person, name="record_person"),
]
