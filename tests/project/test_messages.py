"""The compiled English words match their source, and every word has one."""

from __future__ import annotations

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
