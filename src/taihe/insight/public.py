"""The door of insight: keeping the lake."""

from __future__ import annotations

__all__ = ["catch_up", "rebuild"]


def catch_up() -> int:
    """Take everything that the record's feed and the claims have into the lake; how many items."""
    from taihe.insight import following, indicators

    taken = following.catch_up()
    indicators.forget()
    return taken


def rebuild() -> int:
    """Drop the lake and build it again from the feed; how many items."""
    from taihe.insight import following, indicators

    taken = following.rebuild()
    indicators.forget()
    return taken
