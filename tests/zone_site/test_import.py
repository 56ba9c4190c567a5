"""An officer's import and undo."""

from __future__ import annotations

from datetime import date
from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from taihe.zone import actions, models, public, queries, workbook
from taihe.zone.domain.importing import COLUMNS

from .conftest import AT

GOOD = ["X-1", "制剂项目", "某制药", "2720", "太和", "2019-09-21", "3000", "2000", "万元", "合同"]
ALSO = ["X-2", "铝箔项目", "某铝业", "3252", "濉溪", "2019-09-22", "1.5亿元", "", "", "合同"]
BAD = ["X-3", "无单位", "某厂", "2720", "太和", "2019-09-21", "3000", "", "", "合同"]


def send(client: Client, *rows: list[str], event: str = "wmc2019", name: str = "t.xlsx"):
    content = workbook.write([list(COLUMNS), *rows])
    file = SimpleUploadedFile(name, content)
    return client.post("/desk/projects/import/", {"file": file, "event": event})


def test_good_rows_are_entered_bad_ones_returned_and_all_undone(
    projects: dict[str, int], officer: Client
) -> None:
    frozen = models.Bulletin.objects.get(event="wmc2019", edition=2)
    answer = send(officer, GOOD, BAD, ALSO)
    assert answer.status_code == 302
    where = answer.headers["Location"]
    page = officer.get(where).content.decode()
    assert "登记 2 行，退回 1 行" in page and "没有单位" in page and "X-1" in page
    assert models.Project.objects.get(key="X-2").investment_fen == 15_000_000_000
    back = officer.get(f"{where}returned.xlsx")
    book = workbook.read(back.content)
    assert len(book.rows) == 2 and "没有单位" in str(book.rows[1][1][len(COLUMNS)])
    event = models.Event.objects.get(pk="wmc2019")
    assert queries.figures_on(event, date(2021, 9, 30))[0].numerator == 640
    assert officer.post(where).status_code == 302
    assert queries.figures_on(event, date(2021, 9, 30))[0].numerator == 638
    assert models.Project.objects.get(key="X-1").stage == "withdrawn"
    page = officer.get(where).content.decode()
    assert "已撤销" in page and "撤销整批导入" not in page
    assert officer.post(where).status_code == 409
    assert queries.recompute(frozen).body == frozen.body.encode()
    one = models.Project.objects.get(key="X-1")
    assert "撤回" in officer.get(f"/desk/projects/{one.pk}/").content.decode()


def test_what_was_undone_can_be_sent_again(projects: dict[str, int], officer: Client) -> None:
    where = send(officer, GOOD).headers["Location"]
    officer.post(where)
    again = send(officer, [*GOOD[:6], "4000", *GOOD[7:]])
    assert again.status_code == 302
    one = models.Project.objects.get(key="X-1")
    assert (one.stage, one.investment_fen) == ("signed", 4_000_000_000)
    event = models.Event.objects.get(pk="wmc2019")
    assert queries.figures_on(event, date(2021, 9, 30))[0].numerator == 639
    edition = actions.freeze_bulletin("wmc2019", as_of=date(2021, 9, 30), by=None, at=AT)
    assert public.recomputed("wmc2019", edition)[1]


def test_an_import_whose_projects_went_on_cannot_be_undone(officer: Client) -> None:
    where = send(officer, GOOD, ALSO).headers["Location"]
    one = models.Project.objects.get(key="X-1")
    officer.post(
        f"/desk/projects/{one.pk}/",
        {"action": "register", "happened_on": "2020-01-01", "text": "营业执照"},
    )
    refused = officer.post(where)
    assert refused.status_code == 409
    assert "X-1" in refused.content.decode()
    assert models.Project.objects.get(key="X-2").stage == "signed"


def test_the_same_file_twice_enters_nothing_twice(officer: Client) -> None:
    send(officer, GOOD)
    answer = send(officer, GOOD)
    page = officer.get(answer.headers["Location"]).content.decode()
    assert "登记 0 行，退回 1 行" in page and "该编号已登记" in page


def test_staff_of_a_zone_import_their_own_only(zone_staff: Client, officer: Client) -> None:
    answer = send(zone_staff, GOOD, ALSO)
    page = zone_staff.get(answer.headers["Location"]).content.decode()
    assert "登记 1 行，退回 1 行" in page and "只能导入本开发区" in page
    other = send(officer, ALSO).headers["Location"]
    assert zone_staff.get(other).status_code == 404
    assert zone_staff.post(other).status_code == 404


def test_a_file_that_cannot_be_read_says_why(officer: Client) -> None:
    for content, says in (
        (b"PK\x03\x04broken", "xlsx"),
        ("编号,项目名称\nX,Y\n".encode(), "缺少列"),
        (b"", "空"),
        (",".join(COLUMNS).encode(), "没有项目"),
    ):
        file = SimpleUploadedFile("t.xlsx", content)
        answer = officer.post("/desk/projects/import/", {"file": file, "event": ""})
        assert answer.status_code == 422
        assert says in answer.content.decode(), says
    assert models.ImportBatch.objects.count() == 0


def test_a_gb18030_csv_is_read(officer: Client) -> None:
    text = ",".join(COLUMNS) + "\n" + ",".join(GOOD) + "\n"
    file = SimpleUploadedFile("t.csv", text.encode("gb18030"))
    answer = officer.post("/desk/projects/import/", {"file": file, "event": ""})
    assert answer.status_code == 302
    assert models.Project.objects.get(key="X-1").name == "制剂项目"


def test_the_template_can_be_sent_as_it_is(officer: Client) -> None:
    content = officer.get("/desk/projects/import/template.xlsx").content
    file = SimpleUploadedFile("template.xlsx", content)
    answer = officer.post("/desk/projects/import/", {"file": file, "event": "wmc2019"})
    assert "登记 1 行，退回 0 行" in officer.get(answer.headers["Location"]).content.decode()


def test_hidden_sheets_merged_cells_and_the_other_calendar(officer: Client) -> None:
    book = Workbook()
    sheet = book.active
    sheet.append(COLUMNS)
    sheet.append([*GOOD[:5], date(2019, 9, 20), *GOOD[6:]])
    sheet.append([*ALSO[:5], 43727 - 1462, *ALSO[6:]])
    sheet.append(["X-9", *GOOD[1:]])
    sheet.merge_cells("A4:B4")
    hidden = book.create_sheet("暂存")
    hidden.sheet_state = "hidden"
    hidden.append(COLUMNS)
    hidden.append(["X-10", *GOOD[1:]])
    book.create_sheet("填表说明").append(["请逐行填写"])
    book.epoch = CALENDAR_MAC_1904
    out = BytesIO()
    book.save(out)
    file = SimpleUploadedFile("t.xlsx", out.getvalue())
    answer = officer.post("/desk/projects/import/", {"file": file, "event": ""})
    page = officer.get(answer.headers["Location"]).content.decode()
    assert "登记 2 行，退回 2 行" in page
    assert "隐藏的工作表“暂存”第 2 行" in page and "合并单元格" in page and "X-10" in page
    days = [models.Evidence.objects.get(project__key=key).happened_on for key in ("X-1", "X-2")]
    assert days == [date(2019, 9, 20), date(2019, 9, 19)]
