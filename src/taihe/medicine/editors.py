"""
Editors: pages of upper contexts on which a role writes one kind of prescription.

Registered in `config` only. Who has the role is led there from the general form; the
prescription itself, its checks and signatures stay here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Editor:
    """Names of the routes: `write` takes a person, `amend` a prescription."""

    role: str
    write: str
    amend: str


_editors: dict[str, Editor] = {}


def register(kind: str, editor: Editor) -> None:
    """Let a role write a kind of prescription elsewhere; the same kind again replaces it."""
    _editors[kind] = editor


def editor_for(kind: str, roles: frozenset[str]) -> Editor | None:
    """The page for these roles, None where the general form serves."""
    found = _editors.get(kind)
    return found if found and found.role in roles else None
