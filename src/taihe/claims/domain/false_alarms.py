"""
How often a rule row was wrong, with what that is worth: the Wilson score interval.

Wilson, E. B. (1927), Probable inference, the law of succession, and statistical inference,
J. Am. Stat. Assoc. 22, 209-212. It stays inside 0 to 1 and is honest for few cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

Z_95 = 1.959963984540054


def wilson(hits: int, total: int, z: float = Z_95) -> tuple[float, float]:
    """The interval of a share; (0, 1) when nothing was counted."""
    if not 0 <= hits <= total:
        raise ValueError("hits is between 0 and total")
    if total == 0:
        return 0.0, 1.0
    share, square = hits / total, z * z
    middle = (share + square / (2 * total)) / (1 + square / total)
    half = z * sqrt(share * (1 - share) / total + square / (4 * total * total))
    half /= 1 + square / total
    low, high = middle - half, middle + half
    return (0.0 if hits == 0 else max(low, 0.0), 1.0 if hits == total else min(high, 1.0))


@dataclass(frozen=True)
class FalseAlarms:
    """
    Cases of a rule row that hospitals were told of and that are closed.

    `false`: found not to hold after an appeal; `right`: accepted, silent until the limit, or
    upheld to the end; `screened`: dropped at first review, not in the rate; `open`: going on.
    """

    false: int = 0
    right: int = 0
    screened: int = 0
    open: int = 0

    @property
    def closed(self) -> int:
        """Cases in the rate."""
        return self.false + self.right

    @property
    def rate(self) -> float | None:
        """False of closed, None while nothing is closed."""
        return self.false / self.closed if self.closed else None

    @property
    def low(self) -> float:
        """The lower end of the 95 % interval."""
        return wilson(self.false, self.closed)[0]

    @property
    def high(self) -> float:
        """The upper end of the 95 % interval."""
        return wilson(self.false, self.closed)[1]
