"""
Tables of visits: referrals, clinic sessions and bookings.

A session is never overbooked because the database keeps `0 <= booked <= capacity`, and a
person has one place in a session because the pair is unique while it is booked.
"""

from __future__ import annotations

from django.db import models


class Referral(models.Model):
    """A referral to another institution. Its state is the last step of `visits.referral`."""

    number = models.CharField(max_length=24, unique=True)
    state = models.CharField(max_length=12)
    due = models.DateField(null=True)
    person = models.BigIntegerField()
    source = models.CharField(max_length=40, help_text="code of the institution that sends")
    target = models.CharField(max_length=40, help_text="code of the institution that receives")
    department = models.CharField(max_length=60, default="", blank=True)
    is_urgent = models.BooleanField(default=False)
    author = models.BigIntegerField()
    author_name = models.CharField(max_length=80)
    day = models.DateField()
    impression = models.CharField(max_length=200)
    reason = models.CharField(max_length=500)
    history = models.CharField(max_length=1000, default="", blank=True)
    treatment = models.CharField(max_length=1000, default="", blank=True)
    diagnosis = models.CharField(max_length=200, default="", blank=True)
    results = models.CharField(max_length=1000, default="", blank=True)
    treated = models.CharField(max_length=1000, default="", blank=True)
    plan = models.CharField(max_length=1000, default="", blank=True)
    returned_by = models.CharField(max_length=80, default="", blank=True)

    class Meta:
        db_table = "visits_referral"
        indexes = [
            models.Index(fields=["source", "state"], name="visits_referral_source"),
            models.Index(fields=["target", "state"], name="visits_referral_target"),
            models.Index(fields=["person"], name="visits_referral_person"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(source=models.F("target")), name="visits_referral_elsewhere"
            )
        ]

    def __str__(self) -> str:
        return f"referral {self.number}"

    @property
    def subject(self) -> str:
        """Its name in workflow and trail."""
        return f"referral:{self.pk}"


class ClinicSession(models.Model):
    """Half a day of one department (and perhaps one doctor) with a number of places."""

    organisation = models.CharField(max_length=40)
    department = models.CharField(max_length=60)
    doctor = models.CharField(max_length=60, default="", blank=True)
    day = models.DateField()
    half = models.CharField(max_length=2, help_text="am or pm")
    capacity = models.IntegerField()
    booked = models.IntegerField(default=0)
    last_number = models.IntegerField(default=0)
    is_cancelled = models.BooleanField(default=False)

    class Meta:
        db_table = "visits_session"
        indexes = [models.Index(fields=["day", "organisation"], name="visits_session_day")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(booked__gte=0, booked__lte=models.F("capacity")),
                name="visits_session_not_overbooked",
            ),
            models.UniqueConstraint(
                fields=["organisation", "department", "doctor", "day", "half"],
                name="visits_session_once",
            ),
        ]

    def __str__(self) -> str:
        return f"session {self.pk} {self.day} {self.half}"


class Booking(models.Model):
    """A place of a person in a session. `number` is the place in the queue, never given twice."""

    session = models.ForeignKey(ClinicSession, on_delete=models.PROTECT, related_name="bookings")
    person = models.BigIntegerField()
    number = models.IntegerField()
    state = models.CharField(max_length=10, default="booked")
    by = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        db_table = "visits_booking"
        indexes = [models.Index(fields=["person"], name="visits_booking_person")]
        constraints = [
            models.UniqueConstraint(fields=["session", "number"], name="visits_booking_number"),
            models.UniqueConstraint(
                fields=["session", "person"],
                condition=~models.Q(state="cancelled"),
                name="visits_booking_one_place",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=("booked", "arrived", "cancelled")),
                name="visits_booking_state",
            ),
        ]

    def __str__(self) -> str:
        return f"booking {self.pk}"

    @property
    def subject(self) -> str:
        """Its name in the trail."""
        return f"booking:{self.pk}"
