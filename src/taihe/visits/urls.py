"""Addresses of referrals and clinic sessions, below `/desk/visits/`."""

from django.urls import path

from taihe.visits import views

urlpatterns = [
    path("", views.desk, name="visits-desk"),
    path("refer/<int:person>/", views.refer, name="visits-refer"),
    path("<int:number>/", views.referral, name="visits-referral"),
    path("<int:number>/step/", views.step, name="visits-step"),
    path("sessions/", views.sessions, name="visits-sessions"),
    path("sessions/new/", views.new_session, name="visits-new-session"),
    path("sessions/<int:number>/", views.session, name="visits-session"),
    path("sessions/<int:number>/book/", views.book, name="visits-book"),
    path("sessions/<int:number>/stop/", views.stop, name="visits-stop"),
    path("bookings/<int:number>/arrive/", views.arrive, name="visits-arrive"),
    path("bookings/<int:number>/cancel/", views.cancel, name="visits-cancel"),
]
