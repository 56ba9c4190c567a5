"""The nearest name to one that does not exist."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def suggestion(name: str, known: Iterable[str], form: str = "{}") -> str:
    """A hint with the nearest known name; "" when none is near."""
    names = list(dict.fromkeys(known))
    if len(name) > 100:
        return ""
    folded = {one.casefold(): one for one in names}
    found = get_close_matches(name.casefold(), folded, n=1, cutoff=0.7)
    return f"Did you mean {form.format(folded[found[0]])}?" if found else ""
