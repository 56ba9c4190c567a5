"""The spellings under which a Chinese name is found: pinyin in its usual forms."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from taihe.fhir.search.normalise import DOTS, is_chinese, is_ideograph

LONGEST = 100
_DOT = re.compile(rf"\s*[{DOTS}.\uff0e]\s*")
# Surnames that are read otherwise than the same characters elsewhere, with their syllables
# (Xiandai Hanyu Cidian). The usual reading of other surnames is that of the name.
SURNAMES = {
    "单": "shan", "單": "shan", "曾": "zeng", "解": "xie", "区": "ou", "區": "ou", "仇": "qiu",
    "查": "zha", "盖": "ge", "蓋": "ge", "朴": "piao", "繁": "po", "翟": "zhai", "员": "yun",
    "員": "yun", "种": "chong", "秘": "bi", "乜": "nie", "缪": "miao", "繆": "miao", "郇": "xun",
    "黑": "he", "召": "shao", "折": "she", "佴": "nai", "能": "nai", "覃": "qin", "卜": "bu",
    "隗": "wei", "祭": "zhai", "句": "gou", "乐": "yue", "樂": "yue", "都": "du", "薄": "bo",
    "牟": "mu", "阚": "kan", "闞": "kan", "藏": "zang", "长": "chang", "洗": "xian",
    "尉迟": "yu chi", "尉遲": "yu chi", "澹台": "tan tai", "澹臺": "tan tai",
    "单于": "chan yu", "單于": "chan yu", "万俟": "mo qi", "長孫": "zhang sun",
}  # fmt: skip


def pinyin_spellings(name: str, family: str = "") -> tuple[str, ...]:
    """
    The pinyin of a Chinese name: 张伟 gives zhangwei, zhang wei, zw.

    A surname has the reading of surnames (单 shan) and, beside it, the usual one (dan). `ü` is
    spelled v, u and yu, as keyboards, boards and passports do; whoever types ü finds it too,
    since accents do not count. Of a name with a middle dot each part is spelled by itself as
    well. What is not Chinese is left out; nothing that is longer than 100 characters is a name.
    """
    if max(len(name), len(family)) > LONGEST:
        return ()
    return _spelled(name, family)


@lru_cache(maxsize=65536)
def _spelled(name: str, family: str) -> tuple[str, ...]:
    found: list[str] = []
    for syllables in _readings(name, family):
        for forms in _forms_of_u(syllables):
            found.append("".join(forms))
            found.append(" ".join(forms))
        found.append("".join(s[0] for s in syllables))
    parts = [part for part in _DOT.split(name) if is_chinese(part)]
    if len(parts) > 1:
        for part in parts:
            for syllables in _readings(part, ""):
                found += ["".join(forms) for forms in _forms_of_u(syllables)]
    return tuple(dict.fromkeys(found))


def dotted_parts(name: str) -> list[str]:
    """The parts of a name with a middle dot, each of which may be searched; else nothing."""
    if not is_chinese(name):
        return []
    parts = [part for part in _DOT.split(name) if part]
    return parts if len(parts) > 1 else []


def _readings(name: str, family: str) -> list[list[str]]:
    """The readings of a name as syllables, that of its surname first."""
    if not is_chinese(name):
        return []
    usual = _syllables(name)
    if not usual:
        return []
    chinese = "".join(filter(is_ideograph, name))
    if family and not chinese.startswith("".join(filter(is_ideograph, family))):
        return [usual]
    for length in (1,) if len(family) == 1 else (2, 1):
        reading = SURNAMES.get(chinese[:length])
        if reading:
            special = [*reading.split(), *_syllables(chinese[length:])]
            return [special] if special == usual else [special, usual]
    return [usual]


def _syllables(text: str) -> list[str]:
    from pypinyin import lazy_pinyin

    chinese = "".join(filter(is_ideograph, text))
    return [s for s in lazy_pinyin(chinese, v_to_u=False) if s.isascii() and s.strip()]


def _forms_of_u(syllables: list[str]) -> list[list[str]]:
    """The syllables with ü as v, as u and as yu."""
    if not any("v" in syllable for syllable in syllables):
        return [syllables]
    return [[s.replace("v", form) for s in syllables] for form in ("v", "u", "yu")]


def spellings(name: dict[str, Any], texts: list[str]) -> list[str]:
    """
    Every text under which a HumanName is found; `texts` are its parts as written.

    Beside them: family and given joined, the parts of a name with a middle dot, and pinyin.
    """
    found = list(texts)
    family = name.get("family") or ""
    given = [g for g in name.get("given") or () if g]
    whole = name.get("text") or ""
    if family and given:
        joined = family + "".join(given)
        joined = joined if is_chinese(joined) else " ".join((family, *given))
        found.append(joined)
        whole = whole or joined
    whole = whole or family or "".join(given)
    if not whole.isascii() and max(len(whole), len(family)) <= LONGEST:
        found += dotted_parts(whole)
        found += pinyin_spellings(whole, family)
    return list(dict.fromkeys(t for t in found if t.strip()))
