"""When two JSON values are the same, and when one has what a pattern asks."""

from __future__ import annotations

from decimal import Decimal
from typing import Any


def same(a: Any, b: Any) -> bool:
    """Whether two JSON values are equal: true is not 1, and 1.0 is 1.00."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(v, b[k]) for k, v in a.items())
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, int | float | Decimal) and isinstance(b, int | float | Decimal):
        return Decimal(str(a)) == Decimal(str(b))
    return type(a) is type(b) and bool(a == b)


def holds_pattern(value: Any, pattern: Any) -> bool:
    """Whether a value has everything that a pattern has; each item of a list somewhere."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            k in value and holds_pattern(value[k], v) for k, v in pattern.items()
        )
    if isinstance(pattern, list):
        return isinstance(value, list) and all(
            any(holds_pattern(one, wanted) for one in value) for wanted in pattern
        )
    return same(value, pattern)
