"""Reading in a workbook of signed projects, and undoing it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
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


@dataclass(frozen=True)
class Sheet:
    """The rows of a table with their line numbers, and the lines with merged cells."""

    rows: tuple[tuple[int, Cells], ...]
    merged: frozenset[int]


def read_sheet(raw: bytes, *, file: str) -> Sheet:
    """An xlsx workbook or a CSV file; the first filled line names the columns."""
    if raw[:2] == b"PK":
        book = workbook.read(raw)
        lines = [(number, dict(cells)) for number, cells in book.rows]
        merged = book.merged
    else:
        text = decode(raw, file=file)
        table = csv.reader(io.StringIO(text, newline=""))
        lines = [
            (number, {i: cell.strip() for i, cell in enumerate(cells) if cell.strip()})
            for number, cells in enumerate(table, start=1)
        ]
        lines, merged = [(number, cells) for number, cells in lines if cells], frozenset()
    if not lines:
        raise Incorrect("表中没有内容。", "请使用模板填写。")
    head = {column: str(name) for column, name in lines[0][1].items()}
    missing = [name for name in REQUIRED if name not in head.values()]
    if missing:
        raise Incorrect(
            f"缺少列：{'、'.join(missing)}。", f"第一行须写列名：{'、'.join(COLUMNS)}；可下载模板。"
        )
    if lines[0][0] in merged:
        raise Incorrect("列名行有合并单元格。", "请取消合并。")
    return Sheet(
        tuple(
            (number, {head[column]: value for column, value in cells.items() if column in head})
            for number, cells in lines[1:]
        ),
        merged,
    )


@transaction.atomic
def import_workbook(
    raw: bytes, *, file: str, event: str | None, only_zone: str | None, by: int, at: datetime
) -> int:
    """
    Enter the good rows of a table and return the bad ones in a workbook; the batch's number.

    Staff of a zone enter projects of their zone only.
    """
    sheet = read_sheet(raw, file=file)
    if not sheet.rows:
        raise Incorrect("表中没有项目。", "请在列名下面逐行填写。")
    known = models.Project.objects.exclude(stage="withdrawn").values_list("key", flat=True)
    read = importing.read_rows(
        sheet.rows, merged=sheet.merged, industries=rows.industries().keys(),
        names=rows.zone_names(), known=set(known), today=actions.local_day(at),
    )  # fmt: skip
    if only_zone is not None:
        read = [_own(one, only_zone) for one in read]
    taken_back = dict(models.Project.objects.filter(stage="withdrawn").values_list("key", "name"))
    read = [_same_name(one, taken_back.get(one.key, one.name)) for one in read]
    good = [one for one in read if one.entry is not None]
    bad = [one for one in read if one.entry is None]
    batch = models.ImportBatch.objects.create(
        file_sha256=sha256(raw).hexdigest(), rows=len(read), entered=len(good), refused=len(bad),
        returned=returned_workbook(sheet, bad) if bad else b"",
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
        detail={"entered": len(good), "refused": len(bad)},
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
        row = cells[one.line]
        lines.append([*(_text(row.get(name, "")) for name in COLUMNS), f"第 {one.line} 行 {words}"])
    return workbook.write(lines)


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
