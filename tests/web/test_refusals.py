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
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import URLPattern, reverse
from django.utils import timezone

from taihe.base import models as base
from taihe.base import public
from taihe.base.models import WorkflowStep
from taihe.care import models as care
from taihe.chronic import models as chronic
from taihe.claims import models as claims
from taihe.medicine import models as medicine
from taihe.record import access as record_access
from taihe.record import http
from taihe.record import public as record
from taihe.record.models import Pair
from taihe.record.site import the_store
from taihe.tcm.models import ConstitutionForm
from taihe.visits import models as visits
from tests.project.test_routes import ROUTES
from tests.web.people import WANG, store_person

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "access"])

# What is only about Wang. No page for somebody else may hold any of it.
HERS = (
    "王秀英",
    "341222195503080024",
    "13900001234",
    "氨氯地平片",
    "青霉素",
    "高血压复诊",
    "1955-03-08",
    "头晕待查其一",  # diagnosis of her prescriptions
    "养心缓释片",  # what was prescribed
    "疑似冠心病其二",  # her referral
    "夜间跌倒其三",  # an event of her stay
    "血瘀质其四",  # her constitution
    "192/118",  # the value of her alarm
    "AABBCC112233",  # her device
    "病历在案其五",  # the appeal about her
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
QUERIES = {"claims-rule": "?rule=r1"}
OWN = {
    "visits-session": "a clinic's own list of places, numbered and without names",
    "visits-referral": "an institution's own referral: the course, without name or illness",
    "record_pair": "how alike two records are, without a field of either",
    "insight-indicator": "figures of the county after the small-cell rule",
    "insight-publish": "figures of the county after the small-cell rule",
}
"""Routes that a role opens without a relation because they show nothing of one person."""
SENDS_ON = {
    "hospital-appeal": "to the case page while there is nothing to appeal",
    "medicine-write": "a TCM doctor to the form for slices",
}
"""Routes that may send to another one before a record is opened; that one refuses."""
FOR_EVERYBODY = {"visits-stop": "a clinic stops its session for all who have a place in it"}
"""Steps that a role takes without a relation although they change something of hers too."""
RELATIONS = tuple(kind for kind in record_access.RELATIONS if kind != "platform")
CHANGED_IN = ("visits", "medicine", "care", "chronic", "tcm", "claims", "record")


@dataclass(frozen=True)
class World:
    """A person with a record, and an object of every context about her at one hospital."""

    wang: int
    other: int
    hospital: public.Organisation
    home: public.Organisation
    rows: dict[str, Any]

    def addresses(self, pattern: URLPattern) -> list[str]:
        """Every address of a route that could be about Wang."""
        texts = {
            "kind": ["western", "tcm"],
            "name": ["33"],
            "key": ["85354-9", "bp", "treat", "treat-one", "insight-hypertension-known"],
        }
        numbers = {
            "person": [self.wang],
            "session": [self.rows["session"].pk],
            "party": [self.hospital.party],
        }
        every = sorted({self.wang, self.rows["receipt"]} | {
            row.pk for row in self.rows.values() if hasattr(row, "pk")
        })  # fmt: skip
        fills: list[list[tuple[str, object]]] = []
        for name, converter in pattern.pattern.converters.items():
            whole = type(converter).__name__ == "IntConverter"
            given = numbers.get(name, every) if whole else texts[name]
            fills.append([(name, value) for value in given])
        return [reverse(pattern.name, kwargs=dict(chosen)) for chosen in itertools.product(*fills)]

    def place(self, role: str) -> str:
        """The code of the institution of hers where somebody of a role works."""
        return self.home.code if role == "care_assessor" else self.hospital.code

    def forms(self) -> dict[str, dict[str, str]]:
        """What would be taken from somebody who may: only the relation is missing."""
        day = timezone.localdate().isoformat()
        return {
            "hospital-appeal": {"state": "confirmed", "statement": "请复核"},
            "hospital-decide": {"state": "confirmed", "action": "accept"},
            "claims-vote": {"state": "reappealed", "verdict": "uphold", "note": "核对"},
            "record_pair_decide": {"state": "proposed", "action": "confirm"},
            "medicine-sign": {"state": "ready"},
            "medicine-withdraw": {"state": "ready", "reason": "重开"},
            "pharmacy-return": {"reason": "缺货"},
            "visits-step": {"state": "draft", "action": "send"},
            "visits-book": {"person": str(self.wang)},
            "chronic-alert": {
                "number": str(self.rows["alert"].pk),
                "state": "open",
                "action": "see",
            },
            "chronic-diagnosis": {"disease": "t2dm"},
            "chronic-device": {"code": "AABBCC445566"},
            "care-task": {"day": day, "seen": "0", "key": "visit", "slot": "上午", "state": "done"},
            "care-event": {"kind": "fall", "on": day, "note": "跌倒"},
            "care-move": {"bed": str(self.rows["free"].pk)},
            "care-discharge": {"reason": "回家"},
            "app_bookings": {"booking": str(self.rows["booking"].pk)},
            "app_consent": {"decision": "withdraw"},
            "app_consent_one": {"decision": "withdraw"},
        }

    def stands(self) -> dict[str, list[Any]]:
        """Every row of the contexts that hold something of hers."""
        return {
            model.__name__: sorted(map(repr, model.objects.values_list()))
            for label in CHANGED_IN
            for model in apps.get_app_config(label).get_models()
        } | {"steps": list(WorkflowStep.objects.values_list())}


@pytest.fixture
def world(hospital) -> World:
    """Wang was at the hospital, and every context has something about her."""
    wang = store_person(WANG)
    other = store_person([{"resourceType": "Patient", "id": "li", "name": [{"text": "李四"}]}])
    now = timezone.now()
    at_hospital = {"organisation": hospital.code}
    rows: dict[str, Any] = {"receipt": _receipt(wang, now)}
    rows |= _claims(wang, at_hospital, now)
    rows |= _visits(wang, at_hospital, now)
    rows |= _medicine(wang, at_hospital, now)
    rows |= _chronic(wang, at_hospital, now)
    home = public.create_organisation("YL1", "颐和医养中心", "care_home")
    rows |= _care(wang, {"organisation": home.code}, now)
    rows["constitution"] = ConstitutionForm.objects.create(
        person=wang, form="33", sex="female", answers={}, scores={},
        verdicts={}, words="血瘀质其四", filled_by="desk", by=1,
        by_name="某人", at=now, **at_hospital,
    )  # fmt: skip
    rows["pair"] = Pair.objects.create(
        left_person=min(wang, other), right_person=max(wang, other), left_patient="wang",
        right_patient="li", probability=0.7, levels="{}", doubt="", state="proposed",
        proposed_at=int(now.timestamp() * 1e6),
    )  # fmt: skip
    return World(wang, other, hospital, home, rows)


def _receipt(wang: int, now: datetime) -> int:
    """She withdrew consent to other systems, and gave it again."""
    own = record.Grant(wang, record.numbers_of(wang), "PATRQT")
    record.withdraw_consent(own, "systems", by=1, at=now - timedelta(days=2))
    return record.give_consent(own, "systems", by=1, at=now - timedelta(days=1))


def _claims(wang: int, where: dict[str, str], now: datetime) -> dict[str, Any]:
    """A case that waits for the insurer, and one with an appeal that waits for the hospital."""
    insured = claims.ClaimPerson.objects.create(psn_no="p1", person=wang, sex=2)
    rows = {}
    for nth, state in enumerate(("new", "confirmed"), 1):
        rows[state] = claims.Case.objects.create(
            number=f"C2026-000{nth}", state=state, person=wang, kind="DRUG_SEX", severity="V",
            amount_fen=1000, opened_at=now, **where,
        )  # fmt: skip
        claims.Finding.objects.create(
            key=f"k{nth}", lines_digest=f"d{nth}", case=rows[state], kind="DRUG_SEX",
            class_seq=1, template="K1", rule_row="r1", status="live", source="国家医保局",
            rule_key="k", person=wang, psn=insured.psn, amount_fen=1000, severity="V",
            found_at=now, **where,
        )  # fmt: skip
    claims.Appeal.objects.create(
        case=rows["confirmed"], round=1, statement="病历在案其五", by=1, at=now
    )
    return rows


def _visits(wang: int, where: dict[str, str], now: datetime) -> dict[str, Any]:
    """A draft of a referral, and a place in a session of tomorrow."""
    receiver = public.create_organisation("H888", "第三家医院", "hospital")
    session = visits.ClinicSession.objects.create(
        department="心内科", day=timezone.localdate(now) + timedelta(days=1), half="pm",
        capacity=3, booked=1, last_number=1, **where,
    )  # fmt: skip
    return {
        "referral": visits.Referral.objects.create(
            number="R1", state="draft", person=wang, source=where["organisation"],
            target=receiver.code, author=1, author_name="某人", day=timezone.localdate(now),
            impression="疑似冠心病其二", reason="疑似冠心病其二",
        ),
        "session": session,
        "booking": visits.Booking.objects.create(
            session=session, person=wang, number=1, by=1, at=now
        ),
    }  # fmt: skip


def _medicine(wang: int, where: dict[str, str], now: datetime) -> dict[str, Any]:
    """Two prescriptions that can be changed and signed, one that was signed and shown."""
    rows = {}
    for kind, state in (("western", "ready"), ("tcm", "ready"), ("western", "signed")):
        rows[f"{kind} {state}"] = row = medicine.Prescription.objects.create(
            number=f"{kind}-{state}", kind=kind, state=state, person=wang, author=1,
            author_name="某人", day=timezone.localdate(now), diagnosis="头晕待查其一",
            doses=7 if kind == "tcm" else None, insurance="390", verdict="pass", written_at=now,
            valid_until=timezone.localdate(now), **where,
        )  # fmt: skip
        medicine.PrescriptionLine.objects.create(
            prescription=row, position=1, name="养心缓释片", quantity=1, unit="盒", days=7
        )
        medicine.Presentation.objects.create(
            prescription=row, party=1, at=now, until=now + timedelta(days=1)
        )
    return rows


def _chronic(wang: int, where: dict[str, str], now: datetime) -> dict[str, Any]:
    """She is managed for one disease and suspected of the other; a visit, an alarm, a device."""
    day = timezone.localdate(now)
    for disease, standing in (("hypertension", "registered"), ("t2dm", "suspected")):
        chronic.Entry.objects.create(
            person=wang, disease=disease, standing=standing, since=date(2019, 2, 3),
            begins=date(2019, 2, 3), born=date(1955, 3, 8), sex="female", dead=False,
            evidence="Condition/c1", rules="r1",
        )  # fmt: skip
    return {
        "visit": chronic.Visit.objects.create(
            key=uuid.uuid4(), person=wang, disease="hypertension", by=1, by_name="某人", at=now,
            visited_on=day, way="1", age_years=71, sbp_mmhg=138, dbp_mmhg=84, answers={},
            cls="控制满意", action="routine", next_on=day + timedelta(days=90), dangers=[],
            rules=[], ruler="public_health", **where,
        ),
        "alert": chronic.Alert.objects.create(
            person=wang, cause="bp-high", opened_at=now, last_at=now, value="192/118",
            rule="r1", evidence="Observation/o3",
        ),
        "device": chronic.Device.objects.create(
            code="AABBCC112233", person=wang, since=now, by=1
        ),
    }  # fmt: skip


def _care(wang: int, where: dict[str, str], now: datetime) -> dict[str, Any]:
    """She lives in the home, where a bed is free; an event and a task of today."""
    bed = care.Bed.objects.create(room="201", label="1 床", **where)
    stay = care.Stay.objects.create(person=wang, bed=bed, since=now - timedelta(days=3), **where)
    by = {"by": 1, "by_name": "某人", "at": now}
    care.Event.objects.create(
        stay=stay, kind="fall", on=timezone.localdate(now), note="夜间跌倒其三", **by
    )
    care.TaskMark.objects.create(
        stay=stay,
        day=timezone.localdate(now),
        key="visit",
        slot="上午",
        number=1,
        state="done",
        **by,
    )
    free = care.Bed.objects.create(room="201", label="2 床", **where)
    return {"bed": bed, "free": free, "stay": stay}


def at_an_api(where: str) -> tuple[int, ...]:
    """Interfaces of systems take a token alone, so a signed-in person is unknown there."""
    return (401,) if "/api/" in where else ()


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
        if kind == "reviews":
            record.relate(world.other, party, kind, start=start, end=end, source="test")


def walk(
    world: World, browser: Client, role: str = "", *, only: bool = False, but: Collection[str] = ()
):
    """
    Every answer of every route that is not public, by each method.

    `role` is who walks: at routes of other roles one address is enough. `only` walks the routes
    of the role and takes no step that its relation would allow.
    """
    forms = world.forms()
    for _, pattern in ROUTES:
        declared = pattern.callback.taihe_access
        if declared.who == "public" or pattern.name in but:
            continue
        foreign = declared.who == "roles" and role not in ("", *declared.roles)
        if only and foreign:
            continue
        addresses = world.addresses(pattern)[: 1 if foreign else None]
        for address, method in itertools.product(addresses, METHODS):
            plain = foreign or method == "post"
            given = {} if only and pattern.name != "care-move" else forms.get(pattern.name, {})
            query = QUERIES.get(pattern.name, "")
            for headers in [{}] if plain else [{}, {"HX-Request": "true", "HX-Target": "visits"}]:
                data = FORM | given if method == "post" else {}
                answer = getattr(browser, method)(address + query, data, headers=headers)
                yield f"{method} {address}", declared, pattern, answer


def assert_nothing_of_hers(where: str, answer) -> None:
    page = answer.content.decode() + str(answer.headers)
    for words in HERS:
        assert words not in page, where


def test_a_stranger_is_sent_to_the_sign_in_page_everywhere(world):
    before = world.stands()
    for where, _, _, answer in walk(world, Client()):
        assert answer.status_code in (302, 401, 405), where
        if answer.status_code == 302:
            assert answer["Location"].startswith("/sign-in/"), where
        assert_nothing_of_hers(where, answer)
    assert world.stands() == before


def test_public_pages_hold_nothing_of_anybody(world):
    for _, pattern in ROUTES:
        if pattern.callback.taihe_access.who == "public":
            for address, method in itertools.product(world.addresses(pattern), METHODS):
                answer = getattr(Client(), method)(address, FORM if method == "post" else {})
                assert_nothing_of_hers(f"{method} {address}", answer)


def test_a_session_of_somebody_who_may_no_longer_sign_in_is_a_strangers(world):
    browser, actor = enter("clinician", world.hospital.code)
    relate(world, actor, timezone.now() - timedelta(days=9), None)
    base.Account.objects.update(is_active=False)
    for where, _, _, answer in walk(world, browser):
        assert answer.status_code in (302, 401, 405), where


STATES = {
    "no relation": None,
    "a relation that ended": (timedelta(days=-900), timedelta(seconds=-1)),
    "a relation that has not begun": (timedelta(days=1), None),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("role", ROLES)
def test_a_role_without_a_relation_that_holds_reads_and_changes_nothing(world, role, state):
    if state != "no relation":
        organisation = world.place(role)
    else:
        kind = "care_home" if role == "care_assessor" else "hospital"
        organisation = public.create_organisation("H999", "另一家机构", kind).code
    browser, actor = enter(role, organisation)
    if (span := STATES[state]) is not None:
        now = timezone.now()
        relate(world, actor, now + span[0], now + span[1] if span[1] else None)
    before = world.stands()
    # At routes of other roles no relation matters: they are walked without one.
    theirs = [p.name for _, p in ROUTES if role not in p.callback.taihe_access.roles]
    but = () if state == "no relation" else (*theirs, *_steps_for_everybody(role))
    for where, declared, pattern, answer in walk(world, browser, role, but=but):
        assert_nothing_of_hers(where, answer)
        if role not in declared.roles:
            assert answer.status_code in (404, 405, *at_an_api(where)), where
        elif pattern.name in SENDS_ON and answer.status_code == 302:
            assert_nothing_of_hers(answer["Location"], browser.get(answer["Location"]))
        elif pattern.pattern.converters and pattern.name not in OWN:
            assert answer.status_code in (403, 404, 405, *at_an_api(where)), where
        else:
            assert answer.status_code < 500, where
    assert world.stands() == before


def _steps_for_everybody(role: str) -> Collection[str]:
    """Steps about everybody that a role of her own hospital may take: they are not walked."""
    return FOR_EVERYBODY if role in ("clinician", "village_doctor", "tcm_doctor") else ()


def test_somebody_elses_number_and_no_number_look_alike(world):
    browser, _ = enter("clinician", world.hospital.code)
    texts = set()
    for number in (world.wang, 98765):
        page = browser.get(reverse("record_person", args=[number])).content.decode()
        texts.add(page.split("<main")[1].split("</main>")[0])
    assert len(texts) == 1


def test_every_route_can_be_opened_by_somebody_so_that_the_walk_means_something(world):
    opened = _opened_by_a_system()
    for role in ROLES:
        organisation = "" if role == "resident" else world.place(role)
        if role == "auditor":
            organisation = public.create_organisation("A1", "医保局", "insurer").code
        browser, actor = enter(role, organisation)
        relate(world, actor, timezone.now() - timedelta(days=1), None)
        medicine.Prescription.objects.update(author=actor.party)
        medicine.Presentation.objects.update(party=actor.party)
        for _, _, pattern, answer in walk(world, browser, role, only=True):
            # 400 and 409 come from inside: the step was not possible in this state.
            if answer.status_code in (200, 302, 400, 409):
                opened.add(pattern.name)
        claims.Case.objects.filter(number="C2026-0001").update(state="new")
        visits.ClinicSession.objects.update(is_cancelled=False)
        WorkflowStep.objects.all().delete()
    wanted = {p.name for _, p in ROUTES if p.callback.taihe_access.who != "public"}
    assert wanted - opened == set()


def _opened_by_a_system() -> set[str]:
    """The interfaces that a system with a token opens."""
    token = token_of(public.create_system_party("省平台"), "system/*.r")
    headers = {"Authorization": f"Bearer {token}"}
    return {
        pattern.name
        for _, pattern in ROUTES
        if pattern.callback.taihe_access.who == "systems"
        and Client().get(reverse(pattern.name), headers=headers).status_code == 200
    }


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
