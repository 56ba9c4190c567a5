"""
Reads and writes plain Excel workbooks (xlsx): the first sheet's values, and merged ranges.

Only values are read: no formulas are computed, no styles, no macros. Written with the standard
library, because a table of text is all that is needed.
Format: ECMA-376 part 1 (SpreadsheetML).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from taihe.kernel.errors import Incorrect

Value = str | Decimal
NS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
MOST_BYTES = 50_000_000
MOST_ROWS = 20_000


@dataclass(frozen=True)
class Sheet:
    """Rows of values by column number from 0; `merged` holds row numbers (from 1) with merges."""

    rows: tuple[tuple[int, dict[int, Value]], ...]
    merged: frozenset[int]


def read(raw: bytes) -> Sheet:
    """The first sheet of a workbook; refuses what is no workbook, is too large or is encrypted."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            if sum(part.file_size for part in archive.infolist()) > MOST_BYTES:
                raise Incorrect("工作簿解压后超过 50 MB。", "请只保留项目表，另存后再上传。")
            return _sheet(archive)
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError, IndexError, RuntimeError):
        raise Incorrect(
            "文件不是可读的 xlsx 工作簿。", "请用 Excel 另存为 .xlsx，不要加密码。"
        ) from None


def _sheet(archive: zipfile.ZipFile) -> Sheet:
    shared = _shared(archive)
    tree = ElementTree.fromstring(archive.read(_first_sheet(archive)))
    rows: list[tuple[int, dict[int, Value]]] = []
    for place, row in enumerate(tree.iter(f"{NS}row"), start=1):
        number = int(row.get("r") or place)
        cells = {column: value for column, value in _cells(row, shared) if value != ""}
        if cells:
            rows.append((number, cells))
        if len(rows) > MOST_ROWS:
            raise Incorrect(f"工作簿超过 {MOST_ROWS} 行。", "请分几次上传。")
    merged: set[int] = set()
    for one in tree.iter(f"{NS}mergeCell"):
        numbers = [int(text) for text in re.findall(r"\d+", one.get("ref", ""))]
        if numbers:
            merged.update(range(numbers[0], min(numbers[-1], numbers[0] + MOST_ROWS) + 1))
    return Sheet(tuple(rows), frozenset(merged))


def _first_sheet(archive: zipfile.ZipFile) -> str:
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    first = next(book.iter(f"{NS}sheet"))
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    wanted = first.get(RELATION)
    target = next(one.get("Target", "") for one in relations if one.get("Id") == wanted)
    return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"


def _shared(archive: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    tree = ElementTree.fromstring(archive.read("xl/sharedStrings.xml"))
    return [_text(one) for one in tree.iter(f"{NS}si")]


def _text(node: ElementTree.Element) -> str:
    """The text of a string item without its phonetic guide."""
    parts = [one.text or "" for one in node.findall(f"{NS}t")]
    parts += [one.text or "" for run in node.findall(f"{NS}r") for one in run.findall(f"{NS}t")]
    return "".join(parts)


def _cells(row: ElementTree.Element, shared: Sequence[str]) -> Iterator[tuple[int, Value]]:
    for place, cell in enumerate(row.findall(f"{NS}c")):
        letters = re.match("[A-Z]+", cell.get("r") or "")
        yield (_column(letters.group()) if letters else place), _value(cell, shared)


def _value(cell: ElementTree.Element, shared: Sequence[str]) -> Value:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        inner = cell.find(f"{NS}is")
        return "" if inner is None else _text(inner).strip()
    raw = cell.findtext(f"{NS}v") or ""
    if kind == "s":
        return shared[int(raw)].strip()
    if kind in ("str", "b", "e", "d"):
        return raw.strip()
    try:
        return Decimal(raw) if raw else ""
    except InvalidOperation:
        return raw


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def write(rows: Sequence[Sequence[str]], *, sheet: str = "Sheet1") -> bytes:
    """A workbook of text cells; the same rows give the same bytes."""
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = "".join(
            f'<c r="{_letters(column)}{number}" t="inlineStr"><is>'
            f'<t xml:space="preserve">{escape(_clean(value))}</t></is></c>'
            for column, value in enumerate(row)
        )
        lines.append(f'<row r="{number}">{cells}</row>')
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'{head}<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'{head}<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{head}<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        f'<sheet name="{escape(sheet)}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{head}<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="rId1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'{head}<worksheet xmlns="{main}"><sheetData>{"".join(lines)}'
        "</sheetData></worksheet>",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    return out.getvalue()


def _letters(column: int) -> str:
    letters = ""
    number = column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _clean(text: str) -> str:
    """Text without the control characters that XML 1.0 forbids."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", text)
