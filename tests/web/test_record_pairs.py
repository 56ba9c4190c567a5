"""The steward's desk: doubtful pairs side by side, four eyes, merge and unmerge, refused."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import Any

import pytest

from taihe.base import access_log, public
from taihe.record import public as record
from taihe.record.domain.pair_workflow import PAIR
from taihe.record.linkage import actions
from taihe.record.models import Pair
from taihe.record.site import the_store
from tests.web.people import store_person

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "access"])

AT = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
NUMBER = "341222195503080024"


def patient(id: str, name: str, **more: Any) -> dict[str, Any]:
    """A synthetic Patient of this test."""
    made: dict[str, Any] = {
        "resourceType": "Patient",
        "id": id,
        "name": [{"use": "official", "text": name}],
        "gender": more.get("gender", "female"),
        "birthDate": more.get("born", "1955-03-08"),
        "telecom": [{"system": "phone", "value": more.get("phone", "13900001234")}],
        "address": [{"text": more.get("address", "太和县旧县镇陈圩村2组1号")}],
    }
    if "number" in more:
        made["identifier"] = [{"system": "urn:oid:2.16.156.10011.1.3", "value": more["number"]}]
    return made


@pytest.fixture
def platform(db) -> public.Organisation:
    """The county platform, whose stewards review."""
    return public.create_organisation("PT341222", "太和县全民健康信息平台", "county_platform")


@pytest.fixture
def stewards(signed_in, platform):
    """Two browsers of two stewards."""
    return [
        signed_in("record_steward", username=name, organisation_code=platform.code)
        for name in ("first", "second")
    ]


@pytest.fixture
def people(platform) -> dict[str, int]:
    """
    a and b: one woman at two hospitals, sure; c and d: sisters or one, a doubt; e: her twin.
    """
    for one in (
        patient("a", "王秀英", number=NUMBER),
        patient("b", "王秀英"),
        patient(
            "c", "李子轩", born="2012-05-06", phone="13900005678", address="太和县税镇镇大张村1号"
        ),
        patient(
            "d", "李子涵", born="2012-05-06", phone="13900005678", address="太和县税镇镇大张村1号"
        ),
        patient("e", "赵桂英", born="1931-01-01", phone="13900009999", address="太和县城关镇9号"),
    ):
        store_person([one])
    return record.persons_of_patients("abcde")


@pytest.fixture
def pair(people) -> Pair:
    """The doubtful pair after a batch."""
    actions.link_record(by=1, at=AT)
    return Pair.objects.get(state="proposed")


def decide(browser, pair: Pair, action: str, state: str, note: str = ""):
    return browser.post(
        f"/desk/record/pairs/{pair.pk}/decide/", {"action": action, "state": state, "note": note}
    )


def test_the_sure_are_merged_with_a_reason_and_the_doubtful_are_listed(people) -> None:
    done = actions.link_record(by=1, at=AT)
    assert (done.patients, done.merged, done.proposed) == (5, 1, 1)
    now = record.currents(people.values())
    assert now[people["a"]] == now[people["b"]] and now[people["c"]] != now[people["d"]]
    reason = the_store().database.reader().execute("SELECT detail FROM record_event").fetchone()[0]
    assert "linkage p=" in reason and "name:same" in reason and "王" not in reason
    merged = Pair.objects.get(state="merged")
    assert {merged.left_patient, merged.right_patient} == {"a", "b"}
    again = actions.link_record(by=1, at=AT)
    assert (again.merged, again.proposed) == (0, 0)


def test_the_list_names_nobody(stewards, pair) -> None:
    page = stewards[0].get("/desk/record/pairs/").content.decode()
    assert f"第 {pair.pk} 对" in page and "姓名不符" in page and "李子轩" not in page
    part = stewards[0].get("/desk/record/pairs/", headers={"HX-Target": "pairs"}).content.decode()
    assert "<html" not in part and f"第 {pair.pk} 对" in part


def test_a_pair_stands_side_by_side_with_the_reasons(stewards, pair, people) -> None:
    page = stewards[0].get(f"/desk/record/pairs/{pair.pk}/").content.decode()
    for words in (
        "李子轩",
        "李子涵",
        "双胞胎",
        "出生日期一致",
        "电话和住址都一致",
        "是同一人，请同事复核",
    ):
        assert words in page, words
    assert "13900005678" not in page and "139" in page
    assert access_log.seen_by([people["c"]])[0].purpose == "HOPERAT"


def test_one_confirms_and_another_merges(stewards, pair, people) -> None:
    first, second = stewards
    assert decide(first, pair, "confirm", "proposed").status_code == 302
    refused = decide(first, pair, "merge", "confirmed")
    assert refused.status_code == 403 and "另一人" in refused.content.decode()
    assert "复核无误" not in first.get(f"/desk/record/pairs/{pair.pk}/").content.decode()
    assert decide(second, pair, "merge", "confirmed").status_code == 302
    assert record.current(people["c"]) == record.current(people["d"])
    kinds = [item.kind for item in record.feed(0) if item.kind != "version"]
    assert kinds == ["merge", "merge"]


def test_rejecting_needs_a_note_and_closes_the_records(stewards, pair, people) -> None:
    assert decide(stewards[0], pair, "reject", "proposed").status_code == 400
    assert decide(stewards[0], pair, "reject", "proposed", "两人当面核对").status_code == 302
    page = stewards[0].get(f"/desk/record/pairs/{pair.pk}/").content.decode()
    assert "李子轩" not in page and "出生日期一致" in page and "登记内容已不能查看" in page
    again = actions.link_record(by=1, at=AT)
    assert (again.merged, again.proposed) == (0, 0)
    assert decide(stewards[1], pair, "confirm", "proposed").status_code == 409


def test_unmerge_restores_every_row_and_followers_see_it(stewards, pair, people) -> None:
    """Every table that carries a person is the same before the merge and after its undoing."""
    first, second = stewards
    before = _rows_with_persons()
    decide(first, pair, "confirm", "proposed")
    decide(second, pair, "merge", "confirmed")
    assert _rows_with_persons() != before
    assert decide(second, pair, "undo", "merged", "拿错了证件").status_code == 302
    assert _rows_with_persons() == before
    events = [item for item in record.feed(0) if item.kind != "version"]
    assert [item.kind for item in events] == ["merge", "merge", "unmerge"]
    assert {events[1].person, events[1].other} == {events[2].person, events[2].other}
    again = actions.link_record(by=1, at=AT)
    assert (again.merged, again.proposed) == (0, 0)


def test_an_automatic_merge_can_be_undone(stewards, pair, people) -> None:
    merged = Pair.objects.get(state="merged")
    page = stewards[0].get(f"/desk/record/pairs/{merged.pk}/").content.decode()
    assert "自动合并" in page and "撤销合并" in page and "王秀英" in page
    assert decide(stewards[0], merged, "undo", "merged", "同名邻居").status_code == 302
    assert record.current(people["a"]) != record.current(people["b"])


def test_the_worker_links_when_it_is_asked_to(people) -> None:
    from django.db import transaction

    from taihe.base import tasks

    with transaction.atomic():
        record.enqueue_linkage()
    assert tasks.run_due().done == 1
    assert record.current(people["a"]) == record.current(people["b"])


@pytest.mark.parametrize("role", ["resident", "clinician", "auditor", "administrator"])
def test_other_roles_have_no_such_page(signed_in, role, pair) -> None:
    browser = signed_in(role, username="other")
    assert browser.get("/desk/record/pairs/").status_code == 404
    assert browser.get(f"/desk/record/pairs/{pair.pk}/").status_code == 404
    assert decide(browser, pair, "confirm", "proposed").status_code == 404
    assert Pair.objects.get(pk=pair.pk).state == "proposed"


def test_a_steward_of_another_house_sees_no_values(signed_in, hospital, pair) -> None:
    browser = signed_in("record_steward", username="other", organisation_code=hospital.code)
    page = browser.get(f"/desk/record/pairs/{pair.pk}/").content.decode()
    assert "李子轩" not in page and "登记内容已不能查看" in page


def test_no_such_pair_and_nonsense_are_said(stewards, pair) -> None:
    assert stewards[0].get("/desk/record/pairs/999999/").status_code == 404
    assert decide(stewards[0], pair, "fly", "proposed").status_code == 409
    assert decide(stewards[0], pair, "confirm", "merged").status_code == 409


def test_the_workflow_lets_nobody_merge_alone() -> None:
    steps = [step for step in PAIR.transitions if step.target == "merged"]
    assert all(step.four_eyes or step.roles == ("system",) for step in steps)
    assert all(step.source == "confirmed" for step in steps if step.four_eyes)


def _rows_with_persons() -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every table that has a column of persons, but for logs and the review itself."""
    store = the_store().database
    connection = sqlite3.connect(store.path)
    try:
        tables = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
            )
        ]
        found: dict[str, list[tuple[Any, ...]]] = {}
        for table in tables:
            columns = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
            personal = columns & {"person", "current", "person_id"}
            if personal and table not in ("record_event", "record_relation"):
                found[table] = sorted(connection.execute(f"SELECT * FROM {table}"), key=repr)
        relations = connection.execute(
            "SELECT person, party, kind, source FROM record_relation ORDER BY 1, 2, 3, 4"
        ).fetchall()
        assert "record_person" in found and "record_resource" in found
        return found | {"record_relation": relations}
    finally:
        connection.close()
