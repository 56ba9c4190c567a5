"""
The tags and filters of the design system; builtin in both sites, so no `{% load %}` is needed.

Filters: yuan, number, percent, day, day_words, stamp, stamp_words.
Tags: tag, table, picture, day_strip, field, errors, bar, figure, empty, navigation, seal.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from taihe.kernel.money import yuan_text
from taihe.ui.charts import Picture, Strip, figure_text
from taihe.ui.navigation import current_url
from taihe.ui.tables import Cell, Column, Table

register = template.Library()


def _local(moment: datetime) -> datetime:
    return timezone.localtime(moment) if timezone.is_aware(moment) else moment


def _as_day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return _local(value).date()
    if isinstance(value, date):
        return value
    return None


@register.filter
def yuan(value: Any) -> str:
    """Fen as yuan: 123456 is "1,234.56"; None is ""."""
    return "" if value in (None, "") else yuan_text(int(value))


@register.filter
def number(value: Any) -> str:
    """A number with commas in thousands and at most two decimals; None is ""."""
    if value in (None, ""):
        return ""
    if isinstance(value, int):
        return f"{value:,}"
    return figure_text(float(value))


@register.filter
def percent(value: Any, places: int = 1) -> str:
    """A share as percent: 0.685 is "68.5%"."""
    return "" if value in (None, "") else f"{Decimal(str(value)) * 100:.{places}f}%"


@register.filter
def day(value: Any) -> str:
    """A date for tables: 2026-11-22. Text (a partial FHIR date) stays as it is."""
    as_day = _as_day(value)
    return as_day.isoformat() if as_day else str(value or "")[:10]


@register.filter
def day_words(value: Any) -> str:
    """A date for prose: 11月9日, with the year when it is not this one."""
    as_day = _as_day(value)
    if as_day is None:
        return str(value or "")[:10]
    words = f"{as_day.month}月{as_day.day}日"
    return words if as_day.year == timezone.localdate().year else f"{as_day.year}年{words}"


@register.filter
def stamp(value: Any) -> str:
    """A time for tables: 2026-11-22 14:05."""
    return f"{_local(value):%Y-%m-%d %H:%M}" if isinstance(value, datetime) else day(value)


@register.filter
def stamp_words(value: Any) -> str:
    """A time for prose: 今天 14:05, 昨天 14:05, 11月9日 14:05."""
    if not isinstance(value, datetime):
        return day_words(value)
    local = _local(value)
    ago = (timezone.localdate() - local.date()).days
    words = {0: "今天", 1: "昨天"}.get(ago) or day_words(local)
    return f"{words} {local:%H:%M}"


@register.filter
def in_kind(value: Any, column: Column) -> str:
    """A cell's value as its column writes it."""
    writers = {"number": number, "yuan": yuan, "percent": percent, "day": day, "stamp": stamp}
    writer = writers.get(column.kind)
    text = writer(value) if writer else str(value)
    return f"{text} {column.unit}" if column.unit and text else text


@register.filter
def is_empty(cell: Cell) -> bool:
    """Whether a cell has nothing to show."""
    return cell.value is None or cell.value == ""


@register.simple_tag
def tag(words: str, tone: str = "") -> SafeString:
    """A small label; tone bad, warn, info, good or none."""
    return format_html('<span class="tag {}">{}</span>', tone, words)


@register.simple_tag
def bar(share: float, words: str = "", tone: str = "") -> SafeString:
    """A bar for a share from 0 to 1, said in words too."""
    width = f"{max(0.0, min(1.0, float(share))) * 100:.2f}%"
    return format_html(
        '<svg class="bar {}" role="img" aria-label="{}"><rect class="whole" width="100%" '
        'height="10" rx="5"/><rect class="part" width="{}" height="10" rx="5"/></svg>',
        tone,
        words or percent(share),
        width,
    )


@register.simple_tag
def seal(site: str = "health") -> SafeString:
    """The mark of a site: two characters in a seal."""
    upper, lower = ("开", "发") if site == "zone" else ("太", "和")
    return format_html(
        '<svg class="seal" viewBox="0 0 34 34" aria-hidden="true"><rect width="34" height="34" rx="6"/>'
        '<text x="17" y="15">{}</text><text x="17" y="30">{}</text></svg>',
        upper,
        lower,
    )


@register.inclusion_tag("ui/parts/table.html", takes_context=True)
def table(context: template.Context, table: Table) -> dict[str, Any]:
    """A table with its filters and pages."""
    return {"table": table, "request": context.get("request")}


@register.inclusion_tag("ui/parts/pager.html")
def table_nav(table: Table) -> dict[str, Any]:
    """Which rows of how many, and the pages before and after."""
    return {"table": table}


@register.inclusion_tag("ui/parts/picture.html")
def picture(picture: Picture, heading: bool = True) -> dict[str, Any]:
    """A chart with its table; `heading=False` where the card has said the title."""
    return {"picture": picture, "heading": heading}


@register.inclusion_tag("ui/parts/strip.html")
def day_strip(strip: Strip) -> dict[str, Any]:
    """A strip of days."""
    return {"strip": strip}


@register.inclusion_tag("ui/parts/field.html")
def field(bound: Any, unit: str = "", hint: str = "", last: str = "") -> dict[str, Any]:
    """A form field: label above, hint, unit inside, last value beside, error in words."""
    ident = bound.id_for_label or bound.auto_id or bound.html_name
    hint = hint or str(bound.help_text or "")
    described = [
        f"{ident}-{part}" for part, there in (("hint", hint), ("error", bound.errors)) if there
    ]
    attrs: dict[str, Any] = {}
    if described:
        attrs["aria-describedby"] = " ".join(described)
    if bound.errors:
        attrs["aria-invalid"] = "true"
    kind = getattr(bound.field.widget, "input_type", "")
    return {
        "bound": bound,
        "ident": ident,
        "widget": bound.as_widget(attrs=attrs),
        "unit": unit,
        "hint": hint,
        "last": last,
        "is_check": kind == "checkbox" and not bound.use_fieldset,
        "is_group": bound.use_fieldset,
    }


@register.inclusion_tag("ui/parts/errors.html")
def errors(form: Any) -> dict[str, Any]:
    """What is wrong with a form, on top, each line a link to its field."""
    lines = [("", message) for message in form.non_field_errors()]
    for bound in form:
        ident = bound.id_for_label or bound.auto_id
        lines += [(ident, f"{bound.label}：{message}") for message in bound.errors]
    return {"lines": lines}


@register.inclusion_tag("ui/parts/figure.html")
def figure(
    label: str, value: Any, unit: str = "", note: str = "", url: str = "", tone: str = ""
) -> dict[str, Any]:
    """A key figure; `note` with `url` is the definition or division behind it."""
    return {"label": label, "value": value, "unit": unit, "note": note, "url": url, "tone": tone}


@register.inclusion_tag("ui/parts/empty.html")
def empty(title: str, text: str = "", url: str = "", words: str = "") -> dict[str, Any]:
    """An empty state: what there is not, why, and a way on."""
    return {"title": title, "text": text, "url": url, "words": words}


@register.inclusion_tag("ui/parts/navigation.html", takes_context=True)
def navigation(context: template.Context, form: str = "groups") -> dict[str, Any]:
    """The navigation of this reader's roles: form "groups" (desk) or "links" (in a row)."""
    groups = context.get("nav_groups") or []
    request = context.get("request")
    return {
        "groups": groups,
        "current": current_url(groups, request.path if request else ""),
        "form": form,
    }


@register.simple_tag(takes_context=True)
def elder_url(context: template.Context, on: int) -> str:
    """This page's address with the elder view switched on (1) or off (0)."""
    request = context["request"]
    query = request.GET.copy()
    query["elder"] = str(on)
    return f"{request.path}?{query.urlencode()}"
