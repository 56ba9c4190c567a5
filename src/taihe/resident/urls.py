"""Addresses of the resident's pages, under `/app/`."""

from django.urls import path

from taihe.resident import booking, consents, measuring, views

urlpatterns = [
    path("", views.home, name="app_home"),
    path("record/", views.my_record, name="app_record"),
    path("medicines/", views.medicines, name="app_medicines"),
    path("results/", views.results, name="app_results"),
    path("results/<str:key>/", views.result, name="app_result"),
    path("bills/", views.bills, name="app_bills"),
    path("tasks/", views.tasks, name="app_tasks"),
    path("bookings/", booking.bookings, name="app_bookings"),
    path("bookings/new/", booking.choose, name="app_choose"),
    path("bookings/new/<int:session>/", booking.confirm, name="app_confirm"),
    path("measure/", measuring.measure, name="app_measure"),
    path("measure/done/", measuring.measured, name="app_measured"),
    path("constitution/", measuring.constitutions, name="app_constitutions"),
    path("constitution/<str:name>/", measuring.constitution, name="app_constitution"),
    path("seen/", views.seen, name="app_seen"),
    path("me/", views.me, name="app_me"),
    path("consents/", consents.consents, name="app_consents"),
    path("consents/receipts/", consents.receipts, name="app_receipts"),
    path("consents/receipts/<int:number>/", consents.receipt, name="app_receipt"),
    path("consents/<str:key>/", consents.consent, name="app_consent"),
    path("consents/<str:key>/<int:party>/", consents.consent, name="app_consent_one"),
]
