"""The visit form: whole, asked back, refused; a visit is never overwritten."""

from __future__ import annotations

from datetime import timedelta

import pytest

from taihe.base import access_log, chain
from taihe.base.models import TrailRow
from taihe.chronic import following, models, queries
from taihe.kernel.errors import Conflict
from taihe.record import public as record
from tests.web.chronic.conftest import CLINIC, days_ago, filled, today

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "access"])


def post(doctor, person: int, query: str = "", **changed):
    return doctor.post(f"/desk/chronic/{person}/visit/{query}", filled(**changed))


def test_the_form_puts_danger_first_and_the_last_value_beside_the_new_one(doctor, wang) -> None:
    page = doctor.get(f"/desk/chronic/{wang}/visit/").content.decode()
    assert page.index("先看危险情况") < page.index("收缩压") < page.index("服药依从性")
    assert "上次：148（" in page and "mmHg" in page
    assert "剧烈头痛或头晕" in page and "收缩压≥180mmHg" not in page


def test_a_visit_is_decided_saved_and_written_into_the_record(doctor, wang) -> None:
    answer = post(doctor, wang)
    assert answer.status_code == 302, answer.content.decode()
    page = doctor.get(answer["Location"].split("#")[0]).content.decode()
    assert "随访已保存：控制满意" in page and "预约下一次随访" in page
    visit = models.Visit.objects.get()
    assert (visit.cls, visit.action) == ("控制满意", "routine")
    assert visit.next_on == today() + timedelta(days=90)
    assert "target-gwgg-htn-65" in visit.rules
    [row] = TrailRow.objects.filter(action="chronic.visited")
    assert row.subject == f"visit:{visit.key}"
    items = [i for i in record.feed(0, bodies=True) if i.type == "Observation"]
    assert b"138" in (items[-1].body or b"") and "沙河村卫生室".encode() in (items[-1].body or b"")
    assert models.Reading.objects.filter(sbp_mmhg=138, home=False).count() == 1
    assert access_log.seen_by([wang])[0].purpose == "PUBHLTH"


def test_the_same_form_twice_is_one_visit(doctor, wang) -> None:
    first, second = post(doctor, wang), post(doctor, wang)
    assert first["Location"] == second["Location"]
    assert models.Visit.objects.count() == 1


@pytest.mark.parametrize(
    ("why", "changed", "words"),
    [
        ("swapped", {"sbp_mmhg": "80", "dbp_mmhg": "120"}, "是不是填反了"),
        ("impossible", {"sbp_mmhg": "1380"}, "应在 40 到 300 mmHg 之间"),
        ("a word", {"dbp_mmhg": "八十"}, "请写数字"),
        ("missing", {"sbp_mmhg": ""}, "请填写收缩压"),
        ("no answer about danger", {"dangers": None}, "请先核对危险情况"),
        ("both none and a sign", {"dangers": ["none", "胸闷"]}, "请核对"),
        ("a day to come", {"visited_on": "2031-01-01"}, "随访日期在今天之后"),
        ("no day", {"visited_on": "昨天"}, "请写成"),
        ("no symptom and a symptom", {"symptoms": ["1", "2"]}, "既选了“无症状”"),
        ("a code that is none", {"adherence": "9"}, "服药依从性"),
    ],
)
def test_what_cannot_be_is_asked_back_and_nothing_is_lost(
    doctor, wang, why, changed, words
) -> None:
    answer = post(doctor, wang, **changed)
    page = answer.content.decode()
    assert answer.status_code == 200 and words in page
    for field, value in changed.items():
        if isinstance(value, str) and field != "adherence":
            assert f'value="{value}"' in page or not value
    assert not models.Visit.objects.exists()


def test_swapped_pressures_are_exchanged_on_request_and_then_looked_at_again(doctor, wang) -> None:
    answer = post(doctor, wang, sbp_mmhg="80", dbp_mmhg="120", swap="1")
    page = answer.content.decode()
    assert answer.status_code == 200 and not models.Visit.objects.exists()
    assert page.index('value="120"') < page.index('value="80"')
    assert "填反" not in page


def test_a_danger_sign_refers_at_once_even_without_a_measurement(doctor, wang) -> None:
    answer = post(doctor, wang, dangers=["胸闷"], sbp_mmhg="", dbp_mmhg="")
    page = doctor.get(answer["Location"].split("#")[0]).content.decode()
    assert "紧急处理后立即转诊" in page and "胸闷" in page
    assert f"/desk/visits/refer/{wang}/" in page
    visit = models.Visit.objects.get()
    assert (visit.cls, visit.action) == ("", "emergency_refer")
    assert visit.next_on == today() + timedelta(days=14)


def test_a_second_failure_in_a_row_is_referred(doctor, wang) -> None:
    post(doctor, wang, sbp_mmhg="162", visited_on=days_ago(14))
    key = "7a1f0a52-6a4e-4c9f-8a0e-0123456789ab"
    post(doctor, wang, sbp_mmhg="158", key=key)
    visit = models.Visit.objects.get(key=key)
    assert (visit.previous_cls, visit.action) == ("控制不满意", "refer")


def test_a_correction_is_a_new_version_and_the_old_one_stays(doctor, wang) -> None:
    post(doctor, wang, weight_kg="61.5")
    visit = models.Visit.objects.get()
    query = f"?correct={visit.key}"
    form = doctor.get(f"/desk/chronic/{wang}/visit/{query}").content.decode()
    assert 'value="138.0"' in form or 'value="138"' in form
    refused = post(doctor, wang, query, version="1", sbp_mmhg="158")
    assert "为什么更正" in refused.content.decode()
    post(doctor, wang, query, version="1", sbp_mmhg="158", reason="看错读数")
    first, second = queries.versions(visit.key)
    assert (first.sbp_mmhg, first.cls, second.sbp_mmhg, second.cls) == (
        138, "控制满意", 158, "控制不满意",
    )  # fmt: skip
    assert models.Reading.objects.get(sbp_mmhg=158)
    assert not models.Reading.objects.filter(sbp_mmhg=138).exists()
    bodies = [i.body or b"" for i in record.feed(0, bodies=True) if i.type == "Observation"]
    assert sum(b"entered-in-error" in body for body in bodies) == 1  # the weight
    conflict = post(doctor, wang, query, version="1", reason="再改")
    assert conflict.status_code == 409


def test_another_institution_corrects_nothing(doctor, wang, signed_in, hospital) -> None:
    post(doctor, wang)
    key = models.Visit.objects.get().key
    record.relate(wang, hospital.party, "treats", start=today(), source="test")
    other = signed_in("clinician", organisation_code=hospital.code)
    assert other.get(f"/desk/chronic/{wang}/visit/?correct={key}").status_code == 403


def test_a_changed_visit_is_found(doctor, wang) -> None:
    post(doctor, wang)
    chain.seal_once()

    def findings() -> list[str]:
        # Other chains' heads may be left from tests whose rows were taken back.
        found = (finding.chain for finding in chain.verify().findings)
        return [name for name in found if name == "chronic-visit"]

    assert findings() == []
    models.Visit.objects.update(sbp_mmhg=128)
    assert findings() == ["chronic-visit"]


def test_a_visit_its_trail_and_its_observations_are_one(doctor, wang, monkeypatch) -> None:
    before = record.counts()["versions"]

    def fails(persons) -> None:
        raise Conflict("不行。", "再试。")

    monkeypatch.setattr(following, "decide", fails)
    assert post(doctor, wang).status_code == 409
    assert not models.Visit.objects.exists()
    assert not TrailRow.objects.filter(action="chronic.visited").exists()
    assert record.counts()["versions"] == before


def test_a_stranger_and_somebody_not_managed_are_refused(doctor, village, wang) -> None:
    from tests.web.chronic.conftest import patient

    stranger = village.enrol([patient("li", "李强")], related=False)
    for page in ("", "visit/"):
        refused = doctor.get(f"/desk/chronic/{stranger}/{page}")
        assert refused.status_code == 404 and "李强" not in refused.content.decode()
    healthy = village.enrol([patient("zhao", "赵敏")])
    assert "不在慢病登记中" in doctor.get(f"/desk/chronic/{healthy}/").content.decode()
    refused = doctor.get(f"/desk/chronic/{healthy}/visit/")
    assert refused.status_code == 409 and "不在这种病的管理登记中" in refused.content.decode()
    assert CLINIC
