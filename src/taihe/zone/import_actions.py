"""Reading in a workbook of signed projects, and undoing it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256

from django.db import transaction

from taihe.base import trail
from taihe.kernel.errors import Conflict, Incorrect, NotFound
from taihe.kernel.knowledge import decode
from taihe.zone import actions, models, rows, workbook
from taihe.zone.domain import importing
from taihe.zone.domain.importing import COLUMNS, REQUIRED, Read
from taihe.zone.domain.projects import Entry

Cells = Mapping[str, str | Decimal]
PROBLEM = "问题"
DAYS_TO_1904 = 1462
ELSEWHERE = "只读第一张可见的工作表：请移到第一张表后再上传。"


@dataclass(frozen=True)
class Sheet:
    """
    The rows of a table with their line numbers, and by line what must be asked back.

    `apart` are rows of other sheets with the same columns, each with where it stands.
    """

    rows: tuple[tuple[int, Cells], ...]
    trouble: Mapping[int, str]
    apart: tuple[tuple[str, Cells], ...] = ()


def read_sheet(raw: bytes, *, file: str) -> Sheet:
    """An xlsx workbook or a CSV file; the first filled line names the columns."""
    if raw[:2] == b"PK":
        book = workbook.read(raw)
        lines = [(number, dict(cells)) for number, cells in book.rows]
    else:
        text = decode(raw, file=file)
        table = csv.reader(io.StringIO(text, newline=""))
        lines = [
            (number, {i: cell.strip() for i, cell in enumerate(cells) if cell.strip()})
            for number, cells in enumerate(table, start=1)
        ]
        lines = [(number, cells) for number, cells in lines if cells]
        book = workbook.Sheet(())
    if not lines:
        raise Incorrect("表中没有内容。", "请使用模板填写。")
    head = {column: str(name) for column, name in lines[0][1].items()}
    missing = [name for name in REQUIRED if name not in head.values()]
    if missing:
        raise Incorrect(
            f"缺少列：{'、'.join(missing)}。", f"第一行须写列名：{'、'.join(COLUMNS)}；可下载模板。"
        )
    if lines[0][0] in book.trouble:
        raise Incorrect(f"列名行：{book.trouble[lines[0][0]]}", "")
    named = [(number, _by_name(cells, head, book)) for number, cells in lines[1:]]
    return Sheet(tuple(named), book.trouble, tuple(_apart(book)))


def _by_name(
    cells: Mapping[int, str | Decimal], head: Mapping[int, str], book: workbook.Sheet
) -> Cells:
    """Cells by column name; day numbers counted from 1904 are counted from 1900."""
    found = {head[column]: value for column, value in cells.items() if column in head}
    day = found.get("签约日期")
    if book.days_from_1904 and isinstance(day, Decimal):
        found["签约日期"] = day + DAYS_TO_1904
    return found


def _apart(book: workbook.Sheet) -> Iterator[tuple[str, Cells]]:
    """Projects on other sheets: never entered silently, never dropped silently."""
    for where, lines in book.apart:
        head = {column: str(name) for column, name in lines[0][1].items()}
        if set(REQUIRED) <= set(head.values()):
            for number, cells in lines[1:]:
                yield f"{where}第 {number} 行", _by_name(cells, head, book)


@transaction.atomic
def import_workbook(
    raw: bytes, *, file: str, event: str | None, only_zone: str | None, by: int, at: datetime
) -> int:
    """
    Enter the good rows of a table and return the bad ones in a workbook; the batch's number.

    Staff of a zone enter projects of their zone only.
    """
    sheet = read_sheet(raw, file=file)
    if not sheet.rows and not sheet.apart:
        raise Incorrect("表中没有项目。", "请在列名下面逐行填写。")
    known = models.Project.objects.exclude(stage="withdrawn").values_list("key", flat=True)
    read = importing.read_rows(
        sheet.rows, trouble=sheet.trouble, industries=rows.industries().keys(),
        names=rows.zone_names(), known=set(known), today=actions.local_day(at),
    )  # fmt: skip
    if only_zone is not None:
        read = [_own(one, only_zone) for one in read]
    taken_back = dict(models.Project.objects.filter(stage="withdrawn").values_list("key", "name"))
    read = [_same_name(one, taken_back.get(one.key, one.name)) for one in read]
    good = [one for one in read if one.entry is not None]
    bad = [one for one in read if one.entry is None]
    batch = models.ImportBatch.objects.create(
        file_sha256=sha256(raw).hexdigest(), rows=len(read) + len(sheet.apart), entered=len(good),
        refused=len(bad) + len(sheet.apart),
        returned=returned_workbook(sheet, bad) if bad or sheet.apart else b"",
        by=by, at_us=actions.microseconds(at),
    )  # fmt: skip
    actions.import_projects(
        event,
        [
            actions.NewProject(one.key, one.name, one.investor, one.industry, (one.entry,))
            for one in good
            if one.entry is not None
        ],
        by=by,
        at=at,
        batch=batch,
    )
    trail.record(
        "import.read", f"import:{batch.pk}", by=by, at=at,
        detail={"entered": len(good), "refused": len(bad) + len(sheet.apart)},
    )  # fmt: skip
    return int(batch.pk)


def _own(one: Read, zone: str) -> Read:
    if one.entry is None or one.entry.zone == zone:
        return one
    return Read(one.line, one.key, problems=(("开发区", "只能导入本开发区的项目。"),))


def _same_name(one: Read, name: str) -> Read:
    """A withdrawn project may be entered anew, under the name it had."""
    if one.entry is None or one.name == name:
        return one
    return Read(one.line, one.key, problems=(("编号", "该编号曾用于另一个项目，请换一个编号。"),))


def returned_workbook(sheet: Sheet, bad: list[Read]) -> bytes:
    """The rows that were not entered, as they came, with what is wrong in a last column."""
    cells = dict(sheet.rows)
    lines = [[*COLUMNS, PROBLEM]]
    for one in bad:
        words = "；".join(f"{column}：{text}" if column else text for column, text in one.problems)
        lines.append(_returned(cells[one.line], f"第 {one.line} 行 {words}"))
    lines += [_returned(row, f"{where} {ELSEWHERE}") for where, row in sheet.apart]
    return workbook.write(lines)


def _returned(row: Cells, words: str) -> list[str]:
    return [*(_text(row.get(name, "")) for name in COLUMNS), words]


def _text(value: str | Decimal) -> str:
    return value if isinstance(value, str) else f"{value:f}"


@transaction.atomic
def undo_import(batch: int, *, by: int, at: datetime) -> int:
    """
    Withdraw every project that a batch entered; how many.

    Refused as a whole when one of them has later evidence, or the batch was undone before.
    """
    row = models.ImportBatch.objects.select_for_update().filter(pk=batch).first()
    if row is None:
        raise NotFound("没有这次导入。", "请从列表中选择。")
    if row.undone_at_us is not None:
        raise Conflict("这次导入已经撤销。", "")
    mine = list(row.evidence.select_related("project").order_by("pk"))
    later = models.Evidence.objects.filter(
        project__in=[one.project_id for one in mine], pk__gt=mine[-1].pk if mine else 0
    ).select_related("project")
    if keys := sorted({one.project.key for one in later}):
        raise Conflict(
            f"{len(keys)} 个项目在导入后又有登记，例如 {keys[0]}，不能整批撤销。",
            "请逐个处理这些项目。",
        )
    for one in mine:
        entry = Entry(
            0, one.project.key, "withdraw", one.happened_on, evidence=f"撤销第 {row.pk} 次导入"
        )
        actions.add_evidence(one.project_id, entry, by=by, at=at)
    row.undone_by, row.undone_at_us = by, actions.microseconds(at)
    row.save(update_fields=["undone_by", "undone_at_us"])
    trail.record("import.undone", f"import:{row.pk}", by=by, at=at, detail={"projects": len(mine)})
    return len(mine)
