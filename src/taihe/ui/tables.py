"""
Tables whose filters and page are in the address, and whose rows become cards on a phone.

A view makes a `Table` from a request, columns and a source of rows; the template shows it
with `{% table t %}`. An htmx request for the table alone gets the part the page uses:
`return tables.respond(request, table, "claims/queue.html", context)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

PER_PAGE = 25


@dataclass(frozen=True)
class Column:
    """
    One column. `kind` says how a value is written: text, short (never wraps), number, yuan
    (fen), day, stamp, code, percent.

    `empty` is what an empty cell says, in words: why there is nothing.
    """

    key: str
    label: str
    kind: str = "text"
    empty: str = "未记录"
    unit: str = ""

    @property
    def numeric(self) -> bool:
        """Whether values stand to the right."""
        return self.kind in ("number", "yuan", "percent")


@dataclass(frozen=True)
class Cell:
    """A value with more to show: a link, a tag's tone, a second line, or a bar (share 0–1)."""

    value: Any
    url: str = ""
    tone: str = ""
    note: str = ""
    share: float | None = None
    tag: bool = False


@dataclass(frozen=True)
class Filter:
    """
    A filter in the address: choices as (value, label); without choices a text field.

    The first choice is usually ("", "全部"). Never filter by personal data: it would be in
    the address.
    """

    key: str
    label: str
    choices: Sequence[tuple[str, str]] = ()
    default: str = ""


@dataclass
class Table:
    """
    A page of rows.

    `rows` is a sequence (a list, a QuerySet) or a function (offset, limit) -> rows together
    with `total`. A row is a mapping or an object; `row_tone(row)` tints it (bad, warn, info).
    `compact` lets a row be two lines on a phone instead of one line for each cell; left open, a page
    of more than eight rows is.
    """

    request: HttpRequest
    columns: Sequence[Column]
    rows: Any
    total: int | None = None
    key: str = "table"
    caption: str = ""
    filters: Sequence[Filter] = ()
    per_page: int = PER_PAGE
    empty_title: str = "没有内容"
    empty_text: str = ""
    compact: bool | None = None
    row_tone: Callable[[Any], str] | None = None
    _page: list[Any] | None = field(default=None, repr=False)

    @property
    def page_key(self) -> str:
        """The name of the page number in the address."""
        return "page" if self.key == "table" else f"{self.key}-page"

    @property
    def number(self) -> int:
        """This page's number, from 1; nonsense in the address is page 1."""
        asked = self.request.GET.get(self.page_key, "1")
        number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 1
        return max(1, min(number, self.pages))

    @property
    def count(self) -> int:
        """How many rows there are on all pages."""
        if self.total is None:
            counter = getattr(self.rows, "count", None)
            is_list = isinstance(self.rows, list | tuple)
            self.total = len(self.rows) if is_list or counter is None else counter()
        return int(self.total)

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.count // self.per_page))

    @property
    def first(self) -> int:
        """The number of the first row on this page, from 1."""
        return (self.number - 1) * self.per_page + 1 if self.count else 0

    @property
    def last(self) -> int:
        """The number of the last row on this page."""
        return min(self.number * self.per_page, self.count)

    def value(self, key: str) -> str:
        """A filter's value in the address, or its default; unknown choices are the default."""
        wanted = next(f for f in self.filters if f.key == key)
        asked = self.request.GET.get(key, wanted.default)[:100]
        if wanted.choices and asked not in {str(value) for value, _ in wanted.choices}:
            return wanted.default
        return asked

    def shown_filters(self) -> list[dict[str, Any]]:
        """The filters as the template shows them."""
        return [
            {
                "key": f.key,
                "label": f.label,
                "value": self.value(f.key),
                "choices": [(str(v), words) for v, words in f.choices],
            }
            for f in self.filters
        ]

    def is_filtered(self) -> bool:
        """Whether any filter differs from its default."""
        return any(self.value(f.key) != f.default for f in self.filters)

    def url(self, number: int) -> str:
        """The address of another page with the same filters."""
        query = {key: value for key, value in self.request.GET.items() if key != self.page_key}
        if number > 1:
            query[self.page_key] = str(number)
        return f"{self.request.path}?{urlencode(query)}" if query else self.request.path

    @property
    def previous_url(self) -> str:
        """The page before, or ""."""
        return self.url(self.number - 1) if self.number > 1 else ""

    @property
    def next_url(self) -> str:
        """The page after, or ""."""
        return self.url(self.number + 1) if self.number < self.pages else ""

    def page(self) -> list[Any]:
        """The rows of this page."""
        if self._page is None:
            start = (self.number - 1) * self.per_page
            if callable(self.rows):
                self._page = list(self.rows(start, self.per_page))
            else:
                self._page = list(self.rows[start : start + self.per_page])
        return self._page

    @property
    def is_compact(self) -> bool:
        """Whether a row takes two lines on a phone."""
        return len(self.page()) > 8 if self.compact is None else self.compact

    def shown_rows(self) -> list[dict[str, Any]]:
        """Rows with their cells, as the template shows them."""
        return [
            {
                "tone": self.row_tone(row) if self.row_tone else "",
                "cells": [(column, _cell(row, column.key)) for column in self.columns],
            }
            for row in self.page()
        ]


def _cell(row: Any, key: str) -> Cell:
    value = row.get(key) if isinstance(row, Mapping) else getattr(row, key)
    if callable(value):
        value = value()
    return value if isinstance(value, Cell) else Cell(value)


def respond(
    request: HttpRequest, table: Table, template: str, context: Mapping[str, Any]
) -> HttpResponse:
    """The whole page, or the table's part when htmx asks for that table."""
    if request.headers.get("HX-Target") == table.key:
        return render(request, "ui/parts/table.html", {"table": table})
    return render(request, template, {**context, "table": table})
