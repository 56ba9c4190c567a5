"""
Who meets whom. Lower contexts offer extension points; only here are they filled.

*Table handlers* take exchange tables that `load` finds, *sources* feed views, *panels* appear on
the record page, *navigation* is what a role sees on the left, *checks* speak of a prescription
before it is signed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from django.conf import settings


def connect() -> None:
    """Fill the extension points of this process's site."""
    if settings.TAIHE_SITE == "health":
        _connect_health()


def _connect_health() -> None:
    from taihe.claims import public as claims
    from taihe.record import load

    for name, handler in claims.table_handlers().items():
        load.register_table_handler(name, handler)
    load.recognise_tables_with(claims.table_of)
    _connect_views()
    _connect_prescriptions()
    _connect_chronic()
    _connect_care()


def _connect_views() -> None:
    from taihe.lake import sources
    from taihe.record import commands

    sources.register("store", commands.view_bodies)


def _connect_chronic() -> None:
    from taihe.chronic import public as chronic

    _panel("chronic", "慢病", chronic.panel)
    _tasks("chronic", chronic.tasks_of)


def _connect_care() -> None:
    from functools import cache

    from taihe.care import public as care
    from taihe.chronic import public as chronic

    @cache
    def instrument() -> care.Instrument:
        form = chronic.ability_form()
        return care.Instrument(
            form["source"],
            tuple(care.Item(**item) for item in form["items"]),
            tuple(care.Level(**band) for band in form["bands"]),
            form["reasons"],
            chronic.ability_level,
        )

    care.use(instrument)
    _panel("care", "医养照护", care.panel)


def _connect_prescriptions() -> None:
    from taihe.config import prescription_checks
    from taihe.medicine import checks, editors
    from taihe.medicine import panel as prescriptions
    from taihe.medicine import public as medicine
    from taihe.visits import panel as referrals
    from taihe.visits import public as visits

    _panel("prescriptions", "处方", prescriptions.make)
    _panel("referrals", "转诊", referrals.make)

    checks.register("中药安全", prescription_checks.tcm_safety)
    checks.register("医保事前提醒", prescription_checks.insurance_before)
    _tasks("medicine", medicine.tasks_of)
    _tasks("visits", visits.tasks_of)
    editors.register("tcm", editors.Editor("tcm_doctor", "tcm-write", "tcm-amend"))


def _panel(key: str, title: str, make: Callable[..., tuple[str, dict[str, object]] | None]) -> None:
    """Put a context's part on the record page; `make` gives a template and its context."""
    from taihe.record import panels

    def content(reader: Any, purpose: str, person: int) -> Any:
        made = make(reader, purpose, person)
        return panels.Content(*made) if made else None

    panels.register(panels.Panel(key, title, content))


def _tasks(name: str, offer: Callable[..., Sequence[Any]]) -> None:
    """Show a context's tasks on the resident's home."""
    from taihe.resident import tasks

    def asked(persons: tuple[int, ...], on: date) -> list[tasks.ResidentTask]:
        return [
            tasks.ResidentTask(one.title, one.text, one.url, one.due, one.tone)
            for one in offer(persons, on)
        ]

    tasks.register(name, asked)
