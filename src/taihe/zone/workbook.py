"""
Reads and writes Excel workbooks (xlsx): values as people see them, and what must be asked back.

Read with openpyxl, row by row, after a look at the parts: their size when unpacked, and rows
that hide, merge or compute. Format: ECMA-376 part 1 (SpreadsheetML).
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.utils.exceptions import InvalidFileException

from taihe.kernel.errors import Incorrect

Value = str | Decimal
NS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
MOST_BYTES = 50_000_000
MOST_ROWS = 20_000
MOST_COLUMNS = 100
LAST_ROW = 1_048_576
MERGED = "本行有合并单元格：请取消合并后逐行填写。"
_UNIT_FORMAT = re.compile(r'[#0,.]*[#0]\s*"?(亿元|万元|亿|万|元)"?(;.*)?')
_UNREADABLE = (
    zipfile.BadZipFile, InvalidFileException, ElementTree.ParseError, KeyError, IndexError,
    ValueError, TypeError, AttributeError, RuntimeError, NotImplementedError, EOFError, OSError,
)  # fmt: skip


@dataclass(frozen=True)
class Sheet:
    """
    Rows of values by column number from 0, with their line numbers from 1.

    `trouble` says by line what cannot be read without asking; `apart` are the other sheets that
    hold something, by their name in words; `days_from_1904` tells the calendar of day numbers.
    """

    rows: tuple[tuple[int, dict[int, Value]], ...]
    trouble: dict[int, str] = field(default_factory=dict)
    apart: tuple[tuple[str, tuple[tuple[int, dict[int, Value]], ...]], ...] = ()
    days_from_1904: bool = False


def read(raw: bytes) -> Sheet:
    """The first visible sheet of a workbook; refuses what is no workbook or is too large."""
    try:
        _check_size(raw)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of what it leaves out: styles, media
            book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True, keep_links=False)
        try:
            return _read(book)
        finally:
            book.close()
    except _UNREADABLE:
        raise Incorrect(
            "文件不是可读的 xlsx 工作簿。", "请用 Excel 另存为 .xlsx，不要加密码。"
        ) from None


def _check_size(raw: bytes) -> None:
    """Refuse a bomb before anything is unpacked, and parts that declare entities."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        if sum(part.file_size for part in archive.infolist()) > MOST_BYTES:
            raise Incorrect("工作簿解压后超过 50 MB。", "请只保留项目表，另存后再上传。")
        for part in archive.infolist():
            if part.filename.endswith((".xml", ".rels")):
                with archive.open(part) as content:
                    if b"<!DOCTYPE" in content.read(4096):
                        raise zipfile.BadZipFile


def _read(book: Any) -> Sheet:
    sheets = list(book.worksheets)
    first = next(sheet for sheet in sheets if sheet.sheet_state == "visible")
    trouble = _look(first)
    rows = tuple(_rows(first, trouble))
    apart = []
    for sheet in sheets:
        if sheet is not first and (held := tuple(_rows(sheet, _look(sheet)))):
            hidden = "" if sheet.sheet_state == "visible" else "隐藏的"
            apart.append((f"{hidden}工作表“{sheet.title}”", held))
    return Sheet(rows, trouble, tuple(apart), book.epoch == CALENDAR_MAC_1904)


def _look(sheet: Any) -> dict[int, str]:
    """By line, what in the sheet's own text must be asked back; bounds on its rows."""
    found: dict[int, str] = {}
    line = 0
    with sheet._get_source() as source:
        for _, element in ElementTree.iterparse(source):
            if element.tag == f"{NS}row":
                line = int(element.get("r") or line + 1)
                if not 0 < line <= LAST_ROW:
                    raise ValueError
                if words := _asked(element):
                    found[line] = words
                element.clear()
            elif element.tag == f"{NS}mergeCell":
                numbers = [int(text) for text in re.findall(r"\d+", element.get("ref", ""))]
                if numbers:
                    last = min(numbers[-1], numbers[0] + MOST_ROWS)
                    found.update(dict.fromkeys(range(numbers[0], last + 1), MERGED))
    return found


def _asked(row: ElementTree.Element) -> str:
    if row.get("hidden") in ("1", "true"):
        return "本行被隐藏或筛选掉：请取消隐藏，或删去本行。"
    for cell in row.findall(f"{NS}c"):
        if cell.get("t") == "e":
            return f"单元格 {cell.get('r', '')} 是公式错误 {cell.findtext(f'{NS}v', '')}：请改正。"
        if cell.find(f"{NS}f") is not None and not cell.findtext(f"{NS}v"):
            return f"单元格 {cell.get('r', '')} 的公式没有算出的值：请在 Excel 中打开并保存，或粘贴为数值。"
    return ""


def _rows(sheet: Any, trouble: dict[int, str]) -> Iterator[tuple[int, dict[int, Value]]]:
    """Rows that are not empty; number formats that hide a unit are added to `trouble`."""
    sheet.reset_dimensions()
    count = 0
    for line, row in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS), start=1):
        cells: dict[int, Value] = {}
        for column, cell in enumerate(row):
            if cell.value is None:
                continue
            try:
                value = _value(cell)
            except ValueError:
                trouble.setdefault(
                    line, f"第 {column + 1} 列的数字格式带单位：请把单位写在单位列。"
                )
                value = _number(cell.value)
            if value != "":
                cells[column] = value
        if cells:
            count += 1
            if count > MOST_ROWS:
                raise Incorrect(f"工作簿超过 {MOST_ROWS} 行。", "请分几次上传。")
            yield line, cells


def _value(cell: Any) -> Value:
    """A cell as a person sees it; ValueError when its number format names a unit unclearly."""
    value = cell.value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time.min else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float):
        return _with_unit(_number(value), str(cell.number_format or ""))
    return str(value).strip()


def _number(value: float) -> Decimal:
    """Fifteen digits, as Excel shows them: 0.1 + 0.2 is 0.3."""
    return Decimal(value) if isinstance(value, int) else Decimal(f"{value:.15g}")


def _with_unit(number: Decimal, shown_as: str) -> Value:
    """A number whose format writes a unit after it is the number and the unit."""
    if not re.search("[万亿元]", shown_as):
        return number
    match = _UNIT_FORMAT.fullmatch(shown_as)
    if match is None:
        raise ValueError
    return f"{number:f}{match.group(1)}"


def write(rows: Sequence[Sequence[str]], *, sheet: str = "Sheet1") -> bytes:
    """A workbook of text cells, never formulas; the first row names the columns and stays in view."""
    book = Workbook(write_only=True)
    page = book.create_sheet(sheet)
    page.freeze_panes = "A2"
    for column in range(max((len(row) for row in rows), default=0)):
        widest = max((len(row[column]) for row in rows if column < len(row)), default=0)
        page.column_dimensions[_letter(column)].width = min(max(10, 2 * widest + 2), 60)
    for number, row in enumerate(rows):
        page.append([_text_cell(page, text, head=number == 0) for text in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _text_cell(page: Any, text: str, *, head: bool) -> Any:
    cell = WriteOnlyCell(page, value=_clean(text))
    if cell.value:
        cell.data_type = "s"
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    if head:
        cell.font = Font(bold=True)
    return cell


def _letter(column: int) -> str:
    return str(get_column_letter(column + 1))


def _clean(text: str) -> str:
    """Text without the control characters that XML 1.0 forbids."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", text)
