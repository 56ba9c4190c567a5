"""What a role sees on the left: items that contexts offer, and which one is open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class NavItem:
    """
    One line of the navigation.

    `group` and `label` are Chinese and are translated on the page; `count` is the number of
    things waiting, None where nothing is counted; `key` names the item for tests.
    """

    group: str
    label: str
    url: str
    count: int | None = None
    key: str = ""


def current_url(groups: Iterable[tuple[str, Sequence[NavItem]]], path: str) -> str:
    """The address of the open item: the longest one that the path begins with, else ""."""
    urls = [item.url.split("?")[0] for _, items in groups for item in items]
    return max((url for url in urls if path.startswith(url)), key=len, default="")
