"""
Panels: what upper contexts add to a person's page. They are registered in `config` only.

A panel is asked with the reader, the purpose and the person of a record that was opened
already; it returns a template and its context, or None when it has nothing for this reader.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from taihe.record.access import Reader


@dataclass(frozen=True)
class Content:
    """What a panel shows."""

    template: str
    context: Mapping[str, Any]


@dataclass(frozen=True)
class Panel:
    """A part of the record page: `make(reader, purpose, person)`."""

    key: str
    title: str
    make: Callable[[Reader, str, int], Content | None]


_panels: dict[str, Panel] = {}


def register(panel: Panel) -> None:
    """Add a panel; the same key again replaces it."""
    _panels[panel.key] = panel


def shown(reader: Reader, purpose: str, person: int) -> list[tuple[Panel, Content]]:
    """The panels that have something for this reader, in order of registration."""
    made = ((panel, panel.make(reader, purpose, person)) for panel in _panels.values())
    return [(panel, content) for panel, content in made if content is not None]
