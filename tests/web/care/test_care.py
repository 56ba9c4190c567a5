"""A care home: beds never doubled, record open while somebody lives there, level, tasks."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from taihe.base import models as base
from taihe.base import public
from taihe.care import actions, queries
from taihe.care.instrument import instrument
from taihe.care.models import Assessment, Bed, Stay
from taihe.kernel.errors import Conflict, Incorrect, NotFound
from taihe.record import public as record
from tests.web.people import WANG, store_person

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "access"])
NUMBER = "341222195503080024"


@pytest.fixture
def home(transactional_db) -> public.Organisation:
    return public.create_organisation("YL1", "颐和医养中心", "care_home")


def enter(home: public.Organisation, username: str = "care-1") -> tuple[public.Actor, Client]:
    made = public.create_account(
        username, "吴评估", "staff", roles=("care_assessor",), organisation_code=home.code
    )
    browser = Client()
    browser.force_login(
        base.Account.objects.get(pk=made.account_id),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    return public.actor_of(made.account_id), browser


@pytest.fixture
def assessor(home) -> tuple[public.Actor, Client]:
    return enter(home)


@pytest.fixture
def elder(transactional_db) -> int:
    return store_person(WANG)


@pytest.fixture
def bed(assessor) -> Bed:
    return actions.add_bed("201", "1 床", actor=assessor[0], at=timezone.now())


@pytest.fixture
def stay(assessor, elder, bed) -> Stay:
    return actions.admit(elder, bed.pk, actor=assessor[0], at=timezone.now())


def text_of(answer) -> str:
    return re.sub(r"<[^>]+>", "", answer.content.decode())


def full(**changed: str) -> dict[str, str]:
    """The form with every item at its best score."""
    sent = {f"i{n}": str(max(item.scores)) for n, item in enumerate(instrument().items, 1)}
    sent |= {"why": "first", "second": "郑护士", "coma": "no", "dementia_or_mental_dx": "no"}
    return sent | {"care_risk_events_30d": "0"} | changed


# --- admission -----------------------------------------------------------------------------


def test_admission_by_the_number_opens_the_record_and_discharge_closes_it(assessor, elder, bed):
    _, browser = assessor
    page = reverse("care-person", args=[elder])
    assert browser.get(page).status_code == 404, "a stranger"
    sent = {"number": NUMBER, "bed": str(bed.pk), "consent": "on"}
    answer = browser.post(reverse("care-admit"), sent)
    assert answer.url == page
    assert "王秀英" in text_of(browser.get(page))
    assert NUMBER not in text_of(browser.get(page))
    refused = browser.post(reverse("care-discharge", args=[elder]), {"reason": " "})
    assert refused.status_code == 400
    assert (
        browser.post(reverse("care-discharge", args=[elder]), {"reason": "回家"}).status_code == 302
    )
    assert browser.get(page).status_code == 404, "the record is closed again"
    assert queries.free_beds("YL1") == [bed]


ADMISSIONS = """
    number             | bed | consent | says
    -------------------+-----+---------+---------------------------
    -                  | own | on      | 请照证件输入号码
    341222             | own | on      | 号码不完整
    341222195503080025 | own | on      | 没有找到这个号码的健康档案
    341222195503080024 | -   | on      | 请选一张空床
    341222195503080024 | 999 | on      | 999
    341222195503080024 | own | -       | 没有同意不能办理
"""


@pytest.mark.parametrize("line", ADMISSIONS.strip().splitlines()[2:])
def test_an_admission_that_cannot_be_is_asked_back(assessor, elder, bed, line):
    number, which, consent, says = (cell.strip().replace("-", "") for cell in line.split("|"))
    sent = {"number": number, "bed": str(bed.pk) if which == "own" else which}
    if consent:
        sent["consent"] = consent
    answer = assessor[1].post(reverse("care-admit"), sent)
    assert answer.status_code in (400, 404)
    assert says in text_of(answer)
    assert not Stay.objects.exists()


def test_a_bed_is_never_doubled_and_nobody_lives_twice(assessor, elder, bed, stay, home):
    actor, _ = assessor
    other = store_person(
        [
            {
                "resourceType": "Patient",
                "id": "li",
                "identifier": [
                    {"system": "urn:oid:2.16.156.10011.1.3", "value": "341222194001010013"}
                ],
                "name": [{"text": "李大山"}],
                "gender": "male",
                "birthDate": "1940-01-01",
            }
        ]
    )
    with pytest.raises(Conflict, match="已有人住"):
        actions.admit(other, bed.pk, actor=actor, at=timezone.now())
    second = actions.add_bed("201", "2 床", actor=actor, at=timezone.now())
    with pytest.raises(Conflict, match="已经在住"):
        actions.admit(elder, second.pk, actor=actor, at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Stay.objects.create(person=other, organisation=home.code, bed=bed, since=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Stay.objects.create(person=elder, organisation="X", bed=second, since=timezone.now())
    actions.move(stay.pk, second.pk, actor=actor, at=timezone.now())
    actions.admit(other, bed.pk, actor=actor, at=timezone.now())
    with pytest.raises(Conflict, match="已有人住"):
        actions.move(stay.pk, bed.pk, actor=actor, at=timezone.now())
    with pytest.raises(Conflict, match="登记过"):
        actions.add_bed("201", "2 床", actor=actor, at=timezone.now())


def test_another_home_sees_and_changes_nothing(assessor, elder, stay):
    other = public.create_organisation("YL2", "另一家", "care_home")
    actor, browser = enter(other, "care-2")
    assert browser.get(reverse("care-person", args=[elder])).status_code == 404
    assert "王秀英" not in text_of(browser.get(reverse("care-desk")))
    with pytest.raises(NotFound):
        actions.discharge(stay.pk, "x", actor=actor, at=timezone.now())
    nobody = public.create_organisation("H9", "医院", "hospital")
    wrong, page = enter(nobody, "care-3")
    assert page.get(reverse("care-desk")).status_code == 200
    assert page.post(reverse("care-beds"), {"room": "1", "label": "1"}).status_code == 403


# --- assessment ----------------------------------------------------------------------------


def test_what_was_not_answered_is_asked_back_by_name(assessor, elder, stay):
    sent = full()
    del sent["i1"], sent["i12"], sent["coma"]
    answer = assessor[1].post(reverse("care-assess", args=[elder]), sent)
    assert answer.status_code == 400
    said = text_of(answer)
    assert "还有 2 项没有评" in said
    assert "进食" in said
    assert "上下楼梯" in said
    assert "请回答是或否" in said
    assert not Assessment.objects.exists()


LEVELS = """
    changed                                      | level    | says
    ---------------------------------------------+----------+---------------------------
    -                                            | 能力完好 | 总分 90 分
    dementia_or_mental_dx=yes                    | 轻度失能 | 确诊为痴呆
    care_risk_events_30d=2                       | 轻度失能 | 照护风险事件
    coma=yes                                     | 完全失能 | 昏迷
    dementia_or_mental_dx=yes care_risk_events_30d=3 | 轻度失能 | 读法待核对
"""


@pytest.mark.parametrize("line", LEVELS.strip().splitlines()[2:])
def test_the_level_is_given_with_its_explanation(assessor, elder, stay, line):
    changed, level, says = (cell.strip() for cell in line.split("|"))
    more = dict(pair.split("=") for pair in changed.replace("- ", "").split() if "=" in pair)
    answer = assessor[1].post(reverse("care-assess", args=[elder]), full(**more))
    assert answer.status_code == 302
    page = assessor[1].get(answer.url)
    assert f"王秀英：{level}" in text_of(page)
    assert says in text_of(page)
    assert 'class="chart"' in page.content.decode()
    assert "今天的照护" in text_of(page)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"i12": "4"}, "没有这个分值"),
        ({"care_risk_events_30d": "-1"}, "不能小于 0"),
        ({"care_risk_events_30d": "两次"}, "请写整数"),
        ({"second": " "}, "另一位评估员"),
        ({"why": "x"}, "请选评估原因"),
    ],
)
def test_what_cannot_be_is_refused(assessor, elder, stay, changed, says):
    answer = assessor[1].post(reverse("care-assess", args=[elder]), full(**changed))
    assert answer.status_code == 400
    assert says in text_of(answer)
    assert not Assessment.objects.exists()


def test_fewer_events_than_the_home_recorded_are_refused(assessor, elder, stay):
    _, browser = assessor
    today = timezone.localdate().isoformat()
    for _n in range(2):
        sent = {"kind": "fall", "on": today, "note": "床边跌倒"}
        assert browser.post(reverse("care-event", args=[elder]), sent).status_code == 302
    answer = browser.post(reverse("care-assess", args=[elder]), full())
    assert answer.status_code == 400
    assert "已记录 2 次" in text_of(answer)
    browser.post(reverse("care-assess", args=[elder]), full(care_risk_events_30d="2"))
    assert Assessment.objects.get().final == "轻度失能"


@pytest.mark.parametrize(
    ("kind", "days", "says"),
    [("fall", 1, "今天之后"), ("fall", -400, "入住之前"), ("flying", 0, "事件")],
)
def test_an_event_that_cannot_be_is_refused(assessor, elder, stay, kind, days, says):
    on = (timezone.localdate() + timedelta(days=days)).isoformat()
    answer = assessor[1].post(reverse("care-event", args=[elder]), {"kind": kind, "on": on})
    assert answer.status_code == 400
    assert says in text_of(answer)
    assert not stay.events.exists()


def test_the_standard_is_for_people_of_sixty_and_over(assessor, stay):
    facts = {"coma": False, "dementia_or_mental_dx": False, "care_risk_events_30d": 0}
    answers = {item.code: max(item.scores) for item in instrument().items}
    with pytest.raises(Incorrect, match="60 周岁"):
        actions.assess(
            stay.pk, answers, facts, why="first", second="郑护士", age=59,
            actor=assessor[0], at=timezone.now(),
        )  # fmt: skip


# --- tasks ---------------------------------------------------------------------------------


@pytest.fixture
def assessed(assessor, elder, stay) -> int:
    assessor[1].post(reverse("care-assess", args=[elder]), full(coma="yes"))
    return elder


def task(**changed: str) -> dict[str, str]:
    today = timezone.localdate().isoformat()
    return {"day": today, "key": "turn", "slot": "上午", "seen": "0", "state": "done"} | changed


def test_a_task_is_marked_by_whom_and_when_taken_back_and_left_with_a_reason(assessor, assessed):
    _, browser = assessor
    url = reverse("care-task", args=[assessed])
    assert browser.post(url, task()).status_code == 302
    page = text_of(browser.get(reverse("care-person", args=[assessed])))
    assert "吴评估 今天" in page
    twice = browser.post(url, task())
    assert twice.status_code == 409
    assert "刚被别人登记过" in text_of(twice)
    assert browser.post(url, task(seen="1", state="open")).status_code == 302
    bare = browser.post(url, task(seen="2", state="skipped"))
    assert bare.status_code == 400
    assert "没做要写原因" in text_of(bare)
    assert browser.post(url, task(seen="2", state="skipped", note="外出就诊")).status_code == 302
    assert "外出就诊" in text_of(browser.get(reverse("care-person", args=[assessed])))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM base_trail WHERE action = 'care.task'")
        assert cursor.fetchone()[0] == 3


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"key": "sing"}, 404),
        ({"slot": "半夜"}, 404),
        ({"day": "2020-01-01"}, 400),
        ({"day": "2999-01-01"}, 400),
        ({"day": "昨天"}, 400),
        ({"seen": "x"}, 400),
        ({"state": "maybe"}, 400),
    ],
)
def test_a_mark_that_cannot_be_is_refused(assessor, assessed, changed, status):
    answer = assessor[1].post(reverse("care-task", args=[assessed]), task(**changed))
    assert answer.status_code == status


def test_the_desk_counts_what_is_open(assessor, assessed):
    before = text_of(assessor[1].get(reverse("care-desk")))
    count = int(re.search(r"今天还有 (\d+) 项照护待做", before)[1])
    assessor[1].post(reverse("care-task", args=[assessed]), task())
    assert f"今天还有 {count - 1} 项" in text_of(assessor[1].get(reverse("care-desk")))


def test_other_contexts_read_where_a_person_lives_and_the_level(assessor, assessed):
    from taihe.care import public as care

    grant = record.open_person(
        record.reader_of(assessor[0]), assessed, "TREAT", action="x", route="test"
    )
    living = care.living_of(grant, timezone.localdate())
    assert living is not None
    assert (living.home, living.room, living.assessments[0].final) == (
        "颐和医养中心",
        "201",
        "完全失能",
    )
