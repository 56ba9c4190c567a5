"""Every pair of colours that meets on a page is readable: 4.5 : 1 for text, 3 : 1 for shapes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[3] / "src/taihe/ui/static/ui/taihe.css").read_text("utf-8")

TEXT = """
    text      | grounds
    ----------+---------------------------------------------------------------
    ink       | paper surface quiet site-wash bad-wash warn-wash info-wash
    ink-2     | paper surface quiet site-wash bad-wash warn-wash info-wash
    ink-3     | paper surface
    site-ink  | paper surface quiet site-wash
    bad-ink   | surface bad-wash
    warn-ink  | surface warn-wash
    info-ink  | surface info-wash
    on-site   | site
    on-bad    | bad
    on-seal   | seal
"""
SHAPES = """
    shape     | grounds
    ----------+-----------------
    site      | paper surface
    bad       | paper surface
    control   | paper surface
    focus     | paper surface
"""


def rows(table: str) -> list[tuple[str, str]]:
    lines = [line.split("|") for line in table.strip().splitlines()[2:]]
    return [(left.strip(), ground) for left, right in lines for ground in right.split()]


def block(selector: str, media: str = "") -> dict[str, str]:
    text = CSS
    if media:
        start = CSS.index(media)
        text = CSS[start : CSS.index("\n}", start)]
    found: dict[str, str] = {}
    for match in re.finditer(r"(?m)^\s*(:root[^{]*)\{([^}]*)\}", text):
        if selector in [part.strip() for part in match.group(1).split(",")]:
            if not media and CSS[: match.start()].count("{") != CSS[: match.start()].count("}"):
                continue
            found |= dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", match.group(2)))
    return found


DARK, PRINT = "@media (prefers-color-scheme: dark)", "@media print"
ZONE, ELDER = ':root[data-site="zone"]', ':root[data-view="elder"]'
LIGHT = block(":root")
THEMES = {
    "health": LIGHT,
    "zone": LIGHT | block(ZONE),
    "elder": LIGHT | block(ELDER),
    "dark health": LIGHT | block(":root", DARK),
    "dark zone": LIGHT | block(":root", DARK) | block(ZONE, DARK),
    "print": LIGHT | block(":root", PRINT),
}


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_is_twenty_one() -> None:
    assert round(contrast("#000000", "#ffffff"), 6) == 21


@pytest.mark.parametrize("theme", THEMES)
def test_every_text_is_readable_on_every_ground(theme: str) -> None:
    tokens = THEMES[theme]
    pairs = {(a, b): contrast(tokens[a], tokens[b]) for a, b in rows(TEXT)}
    assert {pair: round(ratio, 2) for pair, ratio in pairs.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_every_shape_stands_out(theme: str) -> None:
    tokens = THEMES[theme]
    pairs = {(a, b): contrast(tokens[a], tokens[b]) for a, b in rows(SHAPES)}
    assert {pair: round(ratio, 2) for pair, ratio in pairs.items() if ratio < 3} == {}


def test_colours_of_the_sites_are_those_agreed() -> None:
    assert (LIGHT["site"], LIGHT["site-deep"], LIGHT["site-wash"]) == (
        "#0e6b5c",
        "#084a40",
        "#e4f1ed",
    )
    zone = THEMES["zone"]
    assert (zone["site"], zone["site-deep"], zone["site-wash"]) == ("#27488f", "#1a3166", "#e8edf8")
