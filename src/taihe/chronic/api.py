"""
`POST /api/v1/telemetry`: home readings of apps and gateways.

A system sends a bearer token of the record (`system/Observation.c`) and names the patient or
the device; a signed-in resident sends readings of their own. Every reading has its verdict:
what is wrong with one keeps no other from being stored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from taihe.base.public import current_actor, public_page
from taihe.base.views.errors import answer
from taihe.chronic import actions, queries, rules
from taihe.chronic.actions import Verdict
from taihe.chronic.domain import telemetry as readings_
from taihe.chronic.domain.telemetry import HomeReading
from taihe.kernel.codes import Purpose
from taihe.kernel.errors import (
    Category,
    Forbidden,
    Incorrect,
    NotFound,
    TaiheError,
    Unsupported,
)
from taihe.record import public as record

LARGEST_BYTES = 1 << 20
MOST_READINGS = 500
ROUTE = "api.telemetry"


class Unauthorised(TaiheError):
    """Nobody we know sends this (HTTP 401)."""

    category = Category.FORBIDDEN
    code = "login"

    @property
    def status(self) -> int:
        """401 Unauthorized."""
        return 401


class NotAllowed(Unsupported):
    """The address has no such method (HTTP 405)."""

    @property
    def status(self) -> int:
        """405 Method Not Allowed."""
        return 405


@dataclass(frozen=True)
class Sender:
    """Who sends: a party; a resident sends for one person, a system (None) for everybody."""

    party: int
    person: int | None


@public_page
@csrf_exempt
def telemetry(request: HttpRequest) -> HttpResponse:
    """Take home readings; 202 with a verdict for each."""
    try:
        if request.method != "POST":
            raise NotAllowed("This address takes POST.", "See /api/v1/openapi.json.")
        sender = _sender(request)
        items = _items(_body(request))
    except TaiheError as error:
        response = answer(request, error)
        if isinstance(error, Unauthorised):
            response["WWW-Authenticate"] = 'Bearer realm="taihe"'
        if isinstance(error, NotAllowed):
            response["Allow"] = "POST"
        return response
    verdicts = _take(sender, items, timezone.now())
    refused = sum(verdict.status == "refused" for verdict in verdicts)
    found = {
        "taken": len(verdicts) - refused,
        "refused": refused,
        "items": [_written(n, v) for n, v in enumerate(verdicts)],
    }
    return JsonResponse(found, status=202)


def _sender(request: HttpRequest) -> Sender:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if token:
        grant = record.token_grant(token.strip()) if kind.lower() == "bearer" else None
        if grant is None:
            raise Unauthorised("The token is unknown or has ended.", "Ask for a new one.")
        grant.require("Observation", "c")
        if not record.may_write(grant.reader, Purpose.TREATMENT):
            raise Forbidden("This system may not write.", "Ask the county's platform.")
        return Sender(grant.reader.party, None)
    actor = current_actor(request)
    if actor is None:
        raise Unauthorised("Nobody is signed in.", "Send a bearer token, or sign in.")
    if not actor.has("resident"):
        raise Forbidden("Only residents send readings of their own.", "Sign in as a resident.")
    # A session's cookie comes along from anywhere, so the page's token must come too.
    check = CsrfViewMiddleware(lambda _: HttpResponse())
    check.process_request(request)
    if check.process_view(request, lambda _: HttpResponse(), (), {}) is not None:
        raise Forbidden("The CSRF token is missing.", "Send it in the header X-CSRFToken.")
    now = timezone.now()
    own = [
        relation.person
        for relation in record.relations_with(actor.party, "self")
        if relation.start <= now and (relation.end is None or now < relation.end)
    ]
    if not own:
        raise NotFound("This account has no record.", "Have it tied at the township hospital.")
    reader = record.reader_of(actor)
    grant_ = record.open_person(
        reader, own[0], Purpose.PATIENT_REQUEST, action="measure", route=ROUTE
    )
    return Sender(actor.party, grant_.person)


def _body(request: HttpRequest) -> dict[str, Any]:
    if len(request.body) > LARGEST_BYTES:
        raise Incorrect("The body is longer than 1 MB.", "Send fewer readings at a time.")
    try:
        found = json.loads(request.body)
    except (ValueError, RecursionError):
        raise Incorrect("The body is not JSON.", "Send application/json.") from None
    if not isinstance(found, dict):
        raise Incorrect("The body is no object.", 'Send {"readings": [...]}.')
    return found


def _items(body: Mapping[str, Any]) -> list[Any]:
    """The readings of a body, or of a gateway's payload."""
    items = body.get("readings")
    if items is None and "type" in body:
        items = readings_.read_gateway_items(body)
    if not isinstance(items, list):
        raise Incorrect("There is no list of readings.", 'Send {"readings": [...]}.')
    if len(items) > MOST_READINGS:
        raise Incorrect(f"More than {MOST_READINGS} readings.", "Send fewer at a time.")
    return items


def _take(sender: Sender, items: list[Any], now: datetime) -> list[Verdict]:
    verdicts = []
    for item in items:
        given = str(item.get("id") or "")[:100] if isinstance(item, Mapping) else ""
        try:
            reading = readings_.read_reading(item, limits=rules.limits(), now=now)
            person = sender.person or _person(item, reading)
            verdicts += actions.take_home_readings(person, [reading], by=sender.party, at=now)
        except TaiheError as error:
            if error.status >= 500:
                raise
            verdicts.append(Verdict(given, "refused", problem=error.problem, do=error.do))
    return verdicts


def _person(item: Mapping[str, Any], reading: HomeReading) -> int:
    """Whose a system's reading is: the patient it names, else the owner of the device then."""
    patient = item.get("patient")
    if isinstance(patient, str) and patient:
        id = patient.removeprefix("Patient/")
        found = record.persons_of_patients([id]).get(id)
        if found is None:
            raise NotFound("There is no such patient.", "Send the Patient first.")
        return found
    owner = queries.owner_of(reading.device, reading.measured_at) if reading.device else None
    if owner is None:
        raise NotFound(
            "Nobody is known to own this device.", "Name the patient, or bind the device."
        )
    return owner


def _written(number: int, verdict: Verdict) -> dict[str, Any]:
    found: dict[str, Any] = {"index": number, "id": verdict.id, "status": verdict.status}
    for name in ("reference", "alarm", "advice", "problem", "do"):
        if value := getattr(verdict, name):
            found[name] = value
    return found
