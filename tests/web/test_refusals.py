"""
Who may not read somebody's record reads nothing of it, whatever the address.

The tests walk every route of the site and of `/fhir`: as a stranger, as each role without a
relation, with one that has ended and with one that has not begun. A new route is walked as
soon as it has an address; the last tests fail when nobody can open it, because then the walk
proves nothing.
"""

from __future__ import annotations

import io
import itertools
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, reverse
from django.utils import timezone

from taihe.base import models as base
from taihe.base import public
from taihe.base.models import WorkflowStep
from taihe.claims import models as claims
from taihe.record import http
from taihe.record import public as record
from taihe.record.site import the_store
from tests.project.test_routes import ROUTES
from tests.web.people import WANG, store_person

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "access"])

# What is only in Wang's record. No page for somebody else may hold any of it.
HERS = (
    "王秀英",
    "341222195503080024",
    "13900001234",
    "氨氯地平片",
    "青霉素",
    "高血压复诊",
    "1955-03-08",
)
ROLES = [role for role, _ in base.Role.Name.choices]
METHODS = ("get", "post")
FORM = {
    "text": "wangxiuying",
    "purpose": "TREAT",
    "action": "confirm",
    "state": "new",
    "note": "核对",
    "account": "none",
}
# Contexts whose objects this world does not have: refusals from inside are in their own tests.
# Give `World.addresses` one of their objects and take the prefix away.
OPENED_ELSEWHERE = ("visits-", "medicine-", "pharmacy-")
RELATIONS = ("self", "guardian", "proxy", "treats", "family_doctor", "audits")


@dataclass(frozen=True)
class World:
    """A person with a record and a case, and the hospital where she was."""

    wang: int
    case: claims.Case
    hospital: public.Organisation

    def addresses(self, pattern: URLPattern, route: str) -> list[str]:
        """Every address of a route that could be about Wang."""
        fills: list[list[tuple[str, object]]] = []
        for name, converter in pattern.pattern.converters.items():
            numbers = {self.wang, self.case.pk}
            texts = ["bp", "85354-9", self.case.number]
            whole = type(converter).__name__ == "IntConverter"
            fills.append([(name, value) for value in (sorted(numbers) if whole else texts)])
        return [reverse(pattern.name, kwargs=dict(chosen)) for chosen in itertools.product(*fills)]


@pytest.fixture
def world(hospital) -> World:
    """Wang was at the hospital, and an audit opened a case about it."""
    wang = store_person(WANG)
    now = timezone.now()
    case = claims.Case.objects.create(
        number="C2026-0001",
        state="new",
        organisation=hospital.code,
        person=wang,
        kind="DRUG_SEX",
        severity="V",
        amount_fen=1000,
        opened_at=now,
    )
    insured = claims.ClaimPerson.objects.create(psn_no="p1", person=wang, sex=2)
    claims.Finding.objects.create(
        key="k1",
        lines_digest="d1",
        case=case,
        kind="DRUG_SEX",
        class_seq=1,
        template="K1",
        rule_row="r1",
        status="live",
        source="国家医保局",
        rule_key="k",
        person=wang,
        psn=insured.psn,
        organisation=hospital.code,
        amount_fen=1000,
        severity="V",
        found_at=now,
    )
    return World(wang, case, hospital)


def enter(role: str, organisation: str) -> tuple[Client, public.Actor]:
    """A browser signed in as somebody of an organisation."""
    kind = "resident" if role == "resident" else "staff"
    made = public.create_account(
        f"{role}-x", "某人", kind, roles=(role,), organisation_code=organisation
    )
    browser = Client()
    browser.force_login(
        base.Account.objects.get(pk=made.account_id),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    return browser, public.actor_of(made.account_id)


def relate(world: World, actor: public.Actor, start: datetime, end: datetime | None) -> None:
    """Every kind of relation between Wang and everything the actor acts for."""
    for party, kind in itertools.product(sorted(actor.parties), RELATIONS):
        record.relate(world.wang, party, kind, start=start, end=end, source="test")


def walk(world: World, browser: Client, only: str = ""):
    """Every answer of every route that is not public (or is for one role), by each method."""
    for route, pattern in ROUTES:
        declared = pattern.callback.taihe_access
        if declared.who == "public" or (only and only not in declared.roles):
            continue
        for address, method in itertools.product(world.addresses(pattern, route), METHODS):
            headers_of = [{}, {"HX-Request": "true", "HX-Target": "visits"}]
            for headers in headers_of if method == "get" else headers_of[:1]:
                data = FORM if method == "post" else {}
                answer = getattr(browser, method)(address, data, headers=headers)
                yield f"{method} {address}", declared, pattern, answer


def assert_nothing_of_hers(where: str, answer) -> None:
    page = answer.content.decode() + str(answer.headers)
    for words in HERS:
        assert words not in page, where


def test_a_stranger_is_sent_to_the_sign_in_page_everywhere(world):
    for where, _, _, answer in walk(world, Client()):
        assert answer.status_code in (302, 401), where
        if answer.status_code == 302:
            assert answer["Location"].startswith("/sign-in/"), where
        assert_nothing_of_hers(where, answer)


def test_public_pages_hold_nothing_of_anybody(world):
    for route, pattern in ROUTES:
        if pattern.callback.taihe_access.who == "public":
            for address, method in itertools.product(world.addresses(pattern, route), METHODS):
                answer = getattr(Client(), method)(address, FORM if method == "post" else {})
                assert_nothing_of_hers(f"{method} {address}", answer)


def test_a_session_of_somebody_who_may_no_longer_sign_in_is_a_strangers(world):
    browser, actor = enter("clinician", world.hospital.code)
    relate(world, actor, timezone.now() - timedelta(days=9), None)
    base.Account.objects.update(is_active=False)
    for where, _, _, answer in walk(world, browser):
        assert answer.status_code in (302, 401), where


STATES = {
    "no relation": None,
    "a relation that ended": (timedelta(days=-900), timedelta(seconds=-1)),
    "a relation that has not begun": (timedelta(days=1), None),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("role", ROLES)
def test_a_role_without_a_relation_that_holds_reads_and_changes_nothing(world, role, state):
    if state != "no relation":
        organisation = world.hospital
    else:
        organisation = public.create_organisation("H999", "另一家医院", "hospital")
    browser, actor = enter(role, organisation.code)
    if (span := STATES[state]) is not None:
        now = timezone.now()
        relate(world, actor, now + span[0], now + span[1] if span[1] else None)
    for where, declared, pattern, answer in walk(world, browser):
        assert_nothing_of_hers(where, answer)
        if role not in declared.roles:
            assert answer.status_code in (404, 405), where
        elif pattern.pattern.converters:
            assert answer.status_code in (403, 404, 405), where
        else:
            assert answer.status_code < 500, where
    world.case.refresh_from_db()
    assert world.case.state == "new"
    assert not WorkflowStep.objects.exists()


def test_somebody_elses_number_and_no_number_look_alike(world):
    browser, _ = enter("clinician", world.hospital.code)
    texts = set()
    for number in (world.wang, 98765):
        page = browser.get(reverse("record_person", args=[number])).content.decode()
        texts.add(page.split("<main")[1].split("</main>")[0])
    assert len(texts) == 1


def test_every_route_can_be_opened_by_somebody_so_that_the_walk_means_something(world):
    opened: set[str] = set()
    for role in ROLES:
        organisation = "" if role in ("resident", "auditor") else world.hospital.code
        if role == "auditor":
            organisation = public.create_organisation("A1", "医保局", "insurer").code
        browser, actor = enter(role, organisation)
        relate(world, actor, timezone.now() - timedelta(days=1), None)
        for _, _, pattern, answer in walk(world, browser, only=role):
            # 400 and 409 come from inside: the step was not possible in this state.
            if answer.status_code in (200, 302, 400, 409):
                opened.add(pattern.name)
        claims.Case.objects.update(state="new")
        WorkflowStep.objects.all().delete()
    wanted = {p.name for _, p in ROUTES if p.callback.taihe_access.who != "public"}
    unopened = {name for name in wanted - opened if not name.startswith(OPENED_ELSEWHERE)}
    assert unopened == set()


def test_who_has_a_relation_reads_her_record(world):
    browser, actor = enter("clinician", world.hospital.code)
    relate(world, actor, timezone.now() - timedelta(days=1), None)
    page = browser.get(reverse("record_person", args=[world.wang])).content.decode()
    assert "王秀英" in page
    assert "氨氯地平片" in page


# --- /fhir ---------------------------------------------------------------------------------

ALL = "system/*.cruds"
IDS = {body["resourceType"]: body["id"] for body in WANG if body["resourceType"] != "Organization"}
SEARCHES = {
    "Patient": ["", "name=%E7%8E%8B", "_id=wang", "birthdate=1955-03-08", "gender=female",
                "identifier=341222195503080024"],
    "Observation": ["", "patient=wang", "subject=Patient/wang", "code=85354-9", "_id=o1"],
    "Condition": ["patient=wang"],
    "Encounter": ["patient=wang", "_lastUpdated=gt2020-01-01"],
    "MedicationRequest": ["patient=wang", "_summary=count"],
    "AllergyIntolerance": ["patient=wang", "_total=accurate"],
}  # fmt: skip


@dataclass(frozen=True)
class Answer:
    status: int
    body: str


def call(method: str, path: str, *, token: str = "", query: str = "", body: Any = None, **more):
    raw = b"" if body is None else json.dumps(body).encode()
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "HTTP_HOST": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(raw),
        "CONTENT_LENGTH": str(len(raw)),
        "CONTENT_TYPE": "application/fhir+json",
        **more,
    }
    if token:
        environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    found: list[str] = []
    chunks = http.application(environ, lambda status, headers: found.append(status))
    return Answer(int(found[0][:3]), b"".join(chunks).decode())


def requests_about_her():
    """Every interaction of `/fhir` on every kind of resource that she has."""
    for method, route in http.ROUTES:
        kinds = IDS if "{type}" in route else {"": ""}
        for kind, id in kinds.items():
            path = route.format(type=kind, id=id, version="1")
            queries = SEARCHES[kind] if route == "/fhir/{type}" and method == "GET" else [""]
            body = None
            if method in ("POST", "PUT") and not path.endswith("_search"):
                body = next((b for b in WANG if b["id"] == id), transaction())
            for query in queries:
                yield method, path, query, body


def transaction() -> dict[str, Any]:
    """A Bundle that reads and changes her record."""
    requests = [
        {"request": {"method": "GET", "url": "Patient/wang"}},
        {"request": {"method": "GET", "url": "Observation?patient=wang"}},
        {"request": {"method": "DELETE", "url": "Condition/c1"}},
    ]
    return {"resourceType": "Bundle", "type": "batch", "entry": requests}


def versions() -> int:
    reader = the_store().database.reader()
    return int(reader.execute("SELECT count(*) FROM record_version").fetchone()[0])


def token_of(party: int, scope: str = ALL) -> str:
    return record.issue_token(scope, 60, party, "test")


def ended_tokens() -> dict[str, str]:
    """Tokens that do not count: unknown, expired, revoked, and no token at all."""
    from taihe.record import tokens

    party = public.create_system_party("检验系统")
    record.relate(0, party, "platform", start=datetime(2020, 1, 1, tzinfo=UTC), source="test")
    expired, revoked = token_of(party), token_of(party)
    store = the_store()
    tokens.revoke(store, revoked, by=party)
    with store.database.writing() as connection:
        connection.execute(
            "UPDATE record_token SET expires_at = 1 WHERE hash = ?",
            (store.keys.token_hash(expired),),
        )
    return {"none": "", "unknown": "x" * 43, "expired": expired, "revoked": revoked}


def test_without_a_token_that_counts_fhir_answers_401(world):
    before = versions()
    for name, token in ended_tokens().items():
        for method, path, query, body in requests_about_her():
            answer = call(method, path, token=token, query=query, body=body)
            open_to_all = path in http.OPEN_PATHS and method == "GET"
            assert answer.status == (200 if open_to_all else 401), (name, method, path)
            assert not any(words in answer.body for words in HERS), (name, method, path)
    assert versions() == before


def test_a_browsers_session_opens_nothing_on_fhir(world):
    browser, actor = enter("clinician", world.hospital.code)
    relate(world, actor, timezone.now() - timedelta(days=1), None)
    cookie = "; ".join(f"{c.key}={c.value}" for c in browser.cookies.values())
    for header in ({"HTTP_COOKIE": cookie}, {"HTTP_AUTHORIZATION": "Basic eDp5"}):
        assert call("GET", "/fhir/Patient/wang", **header).status == 401


@pytest.mark.parametrize("state", STATES)
def test_a_system_without_a_relation_that_holds_finds_and_changes_nothing(world, state):
    party = public.create_system_party("检验系统")
    if (span := STATES[state]) is not None:
        now = timezone.now()
        end = now + span[1] if span[1] else None
        record.relate(0, party, "platform", start=now + span[0], end=end, source="test")
    token, before = token_of(party), versions()
    for method, path, query, body in requests_about_her():
        answer = call(method, path, token=token, query=query, body=body)
        where = (method, path, query, answer.status)
        found = json.loads(answer.body) if answer.body else {}
        found.pop("link", None)  # repeats what was asked
        assert not any(words in json.dumps(found, ensure_ascii=False) for words in HERS), where
        if path in http.OPEN_PATHS:
            continue
        if method == "GET" and path.count("/") == 2:
            assert answer.status == 200, where
            assert found.get("total", 0) == 0, where
            assert not found.get("entry"), where
        elif path == "/fhir" or path.endswith("_search"):
            assert answer.status in (200, 403, 404, 415), where
        else:
            assert answer.status in (403, 404), where
    assert versions() == before


def test_a_scope_limits_what_a_relation_opens(world):
    party = public.create_system_party("检验系统")
    record.relate(0, party, "platform", start=datetime(2020, 1, 1, tzinfo=UTC), source="test")
    narrow = token_of(party, "system/Observation.rs")
    before = versions()
    for method, path, query, body in requests_about_her():
        if path in http.OPEN_PATHS or path == "/fhir":
            continue
        answer = call(method, path, token=narrow, query=query, body=body)
        reads_observations = method == "GET" and path.startswith("/fhir/Observation")
        if not reads_observations and not path.endswith("_search"):
            assert answer.status == 403, (method, path)
        assert not any(words in answer.body for words in HERS), (method, path)
    assert versions() == before


def test_a_system_with_a_relation_reads_her_record(world):
    party = public.create_system_party("检验系统")
    record.relate(0, party, "platform", start=datetime(2020, 1, 1, tzinfo=UTC), source="test")
    token = token_of(party)
    for kind, id in IDS.items():
        assert call("GET", f"/fhir/{kind}/{id}", token=token).status == 200
    assert "王秀英" in call("GET", "/fhir/Patient/wang", token=token).body
