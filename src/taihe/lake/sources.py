"""
Where a view may read from besides folders and lakes: what an installation offers by name.

The lake lies below every store, so a store is not imported here: `config` registers it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from taihe.kernel.errors import Incorrect

Source = Callable[[str, str], Iterator[list[bytes]]]
"""Resource type and purpose (HL7 PurposeOfUse) to batches of resources as JSON."""

_sources: dict[str, Source] = {}


def register(name: str, source: Source) -> None:
    """Offer a source under a name that `--from` takes."""
    _sources[name] = source


def batches(name: str, resource: str, purpose: str) -> Iterator[list[bytes]]:
    """The resources of a type from a source, in batches, for a purpose."""
    source = _sources.get(name)
    if source is None:
        raise Incorrect(f"There is no source {name}.", "Name a folder, a file, a lake or store.")
    return source(resource, purpose)
