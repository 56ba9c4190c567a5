"""
Reads rows of a table of signed projects: each becomes a project, or problems with its columns.

Nothing is guessed: an amount without a unit, a name of two zones or a merged cell is asked back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from taihe.kernel.errors import Incorrect, TaiheError
from taihe.zone.domain.projects import WAN_FEN, YI_FEN, Entry, check_entry
from taihe.zone.domain.zones import ZoneName, resolve

T = TypeVar("T")

COLUMNS = (
    "编号", "项目名称", "投资方", "行业代码", "开发区", "签约日期", "总投资", "合同引资额", "单位", "凭证",
)  # fmt: skip
REQUIRED = tuple(name for name in COLUMNS if name not in ("合同引资额", "单位"))
OUTSIDE = ("区外", "不在开发区", "不在开发区内")
UNITS = {"万元": WAN_FEN, "亿元": YI_FEN, "万": WAN_FEN, "亿": YI_FEN, "元": 100}
EXCEL_EPOCH = date(1899, 12, 30)


@dataclass(frozen=True)
class Read:
    """One row: what it says, or what is wrong with it, as (column, sentence)."""

    line: int
    key: str = ""
    name: str = ""
    investor: str = ""
    industry: str = ""
    entry: Entry | None = None
    problems: tuple[tuple[str, str], ...] = ()


def read_rows(
    rows: Sequence[tuple[int, Mapping[str, str | Decimal]]],
    *,
    trouble: Mapping[int, str],
    industries: Collection[str],
    names: Sequence[ZoneName],
    known: Collection[str],
    today: date,
) -> list[Read]:
    """
    Read every row; `rows` are (line, cells by column), `known` the keys that are taken.

    `trouble` says of a line why it cannot be read at all: merged, hidden, not computed.

    A key that occurs twice in the table is a problem of the second row.
    """
    seen: set[str] = set()
    found = []
    for line, cells in rows:
        one = _read(line, cells, trouble, industries, names, today)
        more = []
        if one.key and one.key in seen:
            more.append(("编号", "同一编号在表中出现两次。"))
        if one.key in known:
            more.append(("编号", "该编号已登记；请到项目页登记凭证，或换一个编号。"))
        seen.add(one.key)
        problems = (*one.problems, *more)
        found.append(
            Read(line, one.key, one.name, one.investor, one.industry,
                 None if problems else one.entry, problems)
        )  # fmt: skip
    return found


def _read(
    line: int,
    cells: Mapping[str, str | Decimal],
    trouble: Mapping[int, str],
    industries: Collection[str],
    names: Sequence[ZoneName],
    today: date,
) -> Read:
    problems: list[tuple[str, str]] = []
    if line in trouble:
        return Read(line, problems=(("", trouble[line]),))
    text = {name: _plain(cells.get(name, "")) for name in COLUMNS}
    problems += [(name, "没有填写。") for name in REQUIRED if not text[name]]
    if text["行业代码"] and text["行业代码"] not in industries:
        problems.append(("行业代码", "不在 GB/T 4754-2017 中。"))
    signed = _part(problems, "签约日期", lambda: day_of(cells.get("签约日期", "")))
    zone = ""
    if text["开发区"] and text["开发区"] not in OUTSIDE and signed:
        zone = _part(problems, "开发区", lambda: resolve(text["开发区"], names, on=signed)) or ""
    unit = text["单位"]
    total = _part(problems, "总投资", lambda: amount_fen(cells.get("总投资", ""), unit))
    contract: int | None = 0
    if text["合同引资额"]:
        contract = _part(
            problems, "合同引资额", lambda: amount_fen(cells.get("合同引资额", ""), unit)
        )
    if problems or signed is None or total is None:
        return Read(line, text["编号"], problems=tuple(problems))
    entry = Entry(
        seq=0, project=text["编号"], action="sign", on=signed, zone=zone or None, outside=not zone,
        investment_fen=total, contract_fen=contract, evidence=text["凭证"],
    )  # fmt: skip
    try:
        check_entry(None, entry, today=today)
    except TaiheError as error:
        problems.append(("", f"{error.problem}{error.do}"))
    return Read(
        line,
        text["编号"],
        text["项目名称"],
        text["投资方"],
        text["行业代码"],
        entry,
        tuple(problems),
    )


def _plain(value: str | Decimal) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value == value.to_integral_value() else f"{value:f}"
    return value.strip()


def _part(problems: list[tuple[str, str]], column: str, make: Callable[[], T | None]) -> T | None:
    """The value of one column; its trouble is noted and the other columns go on."""
    try:
        return make()
    except Incorrect as error:
        problems.append((column, f"{error.problem}{error.do}"))
        return None


def day_of(value: str | Decimal) -> date | None:
    """A day as Excel or people write it; None when empty. Days to come are refused later."""
    if value == "":
        return None
    if isinstance(value, Decimal):
        if value != value.to_integral_value() or not 20000 < value < 80000:
            raise Incorrect("不是日期。", "请写 2020-01-05。")
        return EXCEL_EPOCH + timedelta(days=int(value))
    match = re.fullmatch(
        r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?", value.strip()
    )
    if not match:
        raise Incorrect("不是日期。", "请写 2020-01-05。")
    try:
        return date(*(int(part) for part in match.groups()))
    except ValueError:
        raise Incorrect("没有这一天。", "请核对。") from None


def amount_fen(value: str | Decimal, unit: str) -> int | None:
    """
    An amount in fen: `3000万元` as written, or a number with the row's unit; None when empty.

    A cell that names another unit than the row's column is asked back.
    """
    if value == "":
        return None
    if isinstance(value, Decimal):
        number, own = value, ""
    else:
        match = re.fullmatch(r"([\d.,，]+)\s*(亿元|万元|亿|万|元)?", value.strip())
        if not match:
            raise Incorrect("不是金额。", "请写数字和单位，如 3000 万元。")
        own = match.group(2) or ""
        try:
            number = Decimal(match.group(1).replace(",", "").replace("，", ""))
        except InvalidOperation:
            raise Incorrect("不是金额。", "请写数字和单位，如 3000 万元。") from None
    if unit and unit not in UNITS:
        raise Incorrect(f"单位“{unit}”不认识。", "请写万元或亿元。")
    if own and unit and UNITS[own] != UNITS[unit]:
        raise Incorrect(f"单元格写“{own}”，单位列写“{unit}”。", "请统一。")
    factor = UNITS.get(own or unit)
    if factor is None:
        raise Incorrect("没有单位。", "请写万元或亿元，不能推测。")
    fen = number * factor
    if fen != fen.to_integral_value():
        raise Incorrect("小数位太多，折合不到整分。", "请核对金额。")
    return int(fen)
