"""Half days of a clinic: when they end, and what a state of a booking is called."""

from __future__ import annotations

from datetime import date, time

HALVES = {"am": "上午", "pm": "下午"}
BEGINS = {"am": time(8, 0), "pm": time(14, 0)}
ENDS = {"am": time(12, 0), "pm": time(17, 30)}
BOOKING_STATES = {"booked": "已预约", "arrived": "已到诊", "cancelled": "已取消"}
BOOKING_TONES = {"booked": "info", "arrived": "good", "cancelled": ""}


def is_over(day: date, half: str, today: date, now: time) -> bool:
    """Whether a session has ended, in local time."""
    return day < today or (day == today and now >= ENDS[half])


def has_begun(day: date, half: str, today: date, now: time) -> bool:
    """Whether a session has begun, in local time; a place can be given back until then."""
    return day < today or (day == today and now >= BEGINS[half])
