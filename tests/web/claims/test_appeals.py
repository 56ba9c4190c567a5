"""An appeal from the hospital's desk to the last word, and what silence means."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone

from taihe.base import models as base
from taihe.base import tasks, workflow
from taihe.claims import actions, models, queries
from taihe.claims.case_rules import CASE

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "access"])
INSURER, HOSPITAL = "A341622001", "H34162200001"


@pytest.fixture
def case(installation) -> models.Case:
    return installation.case("REPEAT_PAIR_DAY")


def step(browser, case: models.Case, action: str, note: str = "", desk: str = "claims"):
    case.refresh_from_db()
    return browser.post(
        f"/desk/{desk}/{case.pk}/decide/", {"action": action, "state": case.state, "note": note}
    )


def appeal(browser, case: models.Case, **given):
    case.refresh_from_db()
    return browser.post(
        f"/desk/hospital/{case.pk}/appeal/",
        {"state": case.state, "statement": "两个不同部位，见手术记录。", **given},
    )


def test_an_appeal_starts_from_a_list_and_a_draft(enter, case) -> None:
    first, office = enter("auditor", INSURER), enter("hospital", HOSPITAL)
    assert office.get(f"/desk/hospital/{case.pk}/appeal/").status_code == 302, "nothing to answer"
    step(first, case, "confirm")
    page = office.get(f"/desk/hospital/{case.pk}/appeal/").content.decode()
    for words in ("材料清单", "两项操作的记录", "21.00", "申诉理由：", "10 个工作日", "出处未核对"):
        assert words in page, words
    assert "准备申诉" in office.get(f"/desk/hospital/{case.pk}/").content.decode()
    empty = appeal(office, case, statement="  ")
    assert empty.status_code == 400
    assert "请写明申诉理由" in empty.content.decode()
    done = appeal(office, case, **{"held-1": "on", "text-1": "左右两侧，间隔 40 分钟"})
    assert done.status_code == 302
    again = appeal(office, case, state="confirmed")
    assert again.status_code == 302, "no second appeal in the same round"
    (kept,) = models.Appeal.objects.filter(case=case)
    assert [one["held"] for one in kept.evidence] == [True, False]
    page = first.get(f"/desk/claims/{case.pk}/").content.decode()
    assert "左右两侧，间隔 40 分钟" in page
    assert "申诉须由另一名审核员办理" in page
    assert "不成立 <kbd" not in page


def test_four_eyes_reach_over_the_hospitals_step(enter, case) -> None:
    first, office = enter("auditor", INSURER), enter("hospital", HOSPITAL)
    step(first, case, "confirm")
    appeal(office, case)
    refused = step(first, case, "dismiss", "看错了")
    assert refused.status_code == 403
    second = enter("auditor", INSURER, "second")
    assert step(second, case, "dismiss", "两侧分别操作").status_code == 302
    case.refresh_from_db()
    assert (case.state, case.verdict) == ("dismissed", "false")
    alarms = queries.false_alarms(case.findings.get().rule_row)
    assert (alarms.false, alarms.right) == (1, 0)


def test_a_panel_of_others_has_the_last_word(enter, case) -> None:
    browsers = [enter("auditor", INSURER, f"auditor-{n}") for n in range(5)]
    office = enter("hospital", HOSPITAL)
    step(browsers[0], case, "confirm")
    appeal(office, case)
    step(browsers[1], case, "uphold", "记录只有一处")
    assert "准备再申诉" in office.get(f"/desk/hospital/{case.pk}/").content.decode()
    appeal(office, case)
    case.refresh_from_db()
    assert (case.state, models.Appeal.objects.count()) == ("reappealed", 2)

    def vote(browser, verdict="dismiss", note="记录补齐"):
        return browser.post(
            f"/desk/claims/{case.pk}/vote/",
            {"state": "reappealed", "verdict": verdict, "note": note},
        )

    assert vote(browsers[0]).status_code == 403, "confirmed it"
    assert vote(browsers[1]).status_code == 403, "upheld it"
    assert vote(browsers[2], note="").status_code == 400
    assert vote(browsers[2], verdict="maybe").status_code == 400
    assert vote(browsers[2]).status_code == 302
    assert vote(browsers[2]).status_code == 409, "one vote each"
    assert vote(browsers[3], "uphold").status_code == 302
    case.refresh_from_db()
    assert case.state == "reappealed", "one to one"
    assert vote(office).status_code == 404
    assert vote(browsers[4]).status_code == 302
    case.refresh_from_db()
    assert (case.state, case.verdict) == ("dismissed", "false")
    last = workflow.history(case.subject, CASE.name)[-1]
    assert (last.by, last.note) == (None, "合议 2 : 1")


def test_silence_until_the_limit_is_acceptance(enter, case) -> None:
    step(enter("auditor", INSURER), case, "confirm")
    case.refresh_from_db()
    task = base.Task.objects.get(kind=actions.SILENCE)
    midnight = datetime.combine(
        case.due + timedelta(days=1), time.min, timezone.get_current_timezone()
    )
    assert task.due_at == midnight
    payload = task.payload
    assert actions.lapse(payload["case"], payload["step"], at=midnight - timedelta(hours=1)) is None
    assert tasks.run_due(now=lambda: midnight - timedelta(minutes=1)).done == 0
    done = actions.lapse(payload["case"], payload["step"], at=midnight)
    assert done is not None
    assert (done.target, done.by) == ("accepted", None)
    assert actions.lapse(payload["case"], payload["step"], at=midnight) is None, "once"
    case.refresh_from_db()
    assert (case.state, case.verdict, case.due) == ("accepted", "right", None)


def test_an_answer_in_time_stops_the_clock(enter, case) -> None:
    step(enter("auditor", INSURER), case, "confirm")
    task = base.Task.objects.get(kind=actions.SILENCE)
    appeal(enter("hospital", HOSPITAL), case)
    late = timezone.now() + timedelta(days=60)
    assert actions.lapse(task.payload["case"], task.payload["step"], at=late) is None
    case.refresh_from_db()
    assert case.state == "appealed"


def test_rates_stand_on_the_rule_pages_and_the_case(enter, case) -> None:
    first, second = enter("auditor", INSURER), enter("auditor", INSURER, "second")
    page = first.get("/desk/claims/rules/rows/").content.decode()
    assert "5 条规则行发现过问题，0 件已有结果" in page
    step(first, case, "confirm")
    appeal(enter("hospital", HOSPITAL), case)
    step(second, case, "dismiss", "两侧分别操作")
    page = second.get("/desk/claims/rules/rows/").content.decode()
    assert "100.0%" in page and "20.7–100.0%" in page
    row = case.findings.get().rule_row
    page = second.get("/desk/claims/rules/row/", {"rule": row}).content.decode()
    assert "误报率" in page and "20.7–100.0%" in page and case.number in page
    assert second.get("/desk/claims/rules/row/", {"rule": "nothing"}).status_code == 404
    page = second.get(f"/desk/claims/{case.pk}/").content.decode()
    assert "本规则行误报 1 / 1" in page


def test_another_hospital_cannot_appeal(enter, case) -> None:
    step(enter("auditor", INSURER), case, "confirm")
    other = enter("hospital", "H34162200002")
    assert other.get(f"/desk/hospital/{case.pk}/appeal/").status_code == 404
    assert appeal(other, case).status_code == 404
    assert models.Appeal.objects.count() == 0
