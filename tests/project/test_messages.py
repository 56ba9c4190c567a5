"""The compiled English words match their source, and every word has one."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import polib

ROOT = Path(__file__).parents[2]


def test_the_compiled_words_match_their_source() -> None:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import compile_messages
    finally:
        sys.path.pop(0)
    compiled = compile_messages.SOURCE.with_suffix(".mo").read_bytes()
    assert compiled == compile_messages.compiled(), "run python tools/compile_messages.py"


def test_no_word_is_without_english() -> None:
    source = ROOT / "src/taihe/ui/locale/en/LC_MESSAGES/django.po"
    assert [entry.msgid for entry in polib.pofile(str(source)) if not entry.msgstr] == []


def test_every_word_of_the_navigation_has_english() -> None:
    known = {
        entry.msgid
        for entry in polib.pofile(str(ROOT / "src/taihe/ui/locale/en/LC_MESSAGES/django.po"))
    }
    used: set[str] = set()
    for template in (ROOT / "src/taihe").rglob("templates/**/*.html"):
        used |= set(
            re.findall(r"\{%\s*translate\s+[\"']([^\"']+)[\"']", template.read_text("utf-8"))
        )
    for module in (ROOT / "src/taihe").rglob("navigation.py"):
        items = re.findall(r"NavItem\((?:[^()]|\([^()]*\))*\)", module.read_text("utf-8"))
        words = re.findall(r'"([^"\n]+)"', "".join(items))
        used |= {word for word in words if re.search("[一-鿿]", word)}
    assert used - known == set(), "add them to django.po and run python tools/compile_messages.py"
