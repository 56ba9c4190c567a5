"""
Where a view may read from besides folders and lakes: what an installation offers by name.

The lake lies below every store, so a store is not imported here: `config` registers it. What
comes from a source goes through memory only: its bodies are never written to a file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from taihe.kernel.errors import Incorrect, TaiheError

Source = Callable[[str, str], Iterator[list[bytes]]]
"""Resource type and purpose (HL7 PurposeOfUse) to batches of resources as JSON."""

_sources: dict[str, Source] = {}


def register(name: str, source: Source) -> None:
    """Offer a source under a name that `--from` takes."""
    _sources[name] = source


class Stream:
    """The resources of a type from a source, for a purpose; each reading asks the source anew."""

    def __init__(self, name: str, resource: str, purpose: str) -> None:
        if name not in _sources:
            raise Incorrect(
                f"There is no source {name} here.", "Name a folder, a file, a lake or store."
            )
        self._source = _sources[name]
        self._resource, self._purpose = resource, purpose
        self.error: TaiheError | None = None

    def batches(self) -> Iterator[list[bytes]]:
        """The bodies; what stops the source is kept, since an engine passes on a text only."""
        try:
            yield from self._source(self._resource, self._purpose)
        except TaiheError as error:
            self.error = error
            raise

    def resources(self) -> Iterator[dict[str, Any]]:
        """The resources parsed, with exact decimals."""
        for batch in self.batches():
            for body in batch:
                yield json.loads(body, parse_float=Decimal)

    def table(self) -> Any:
        """A reader of Arrow batches with one column `json`."""
        import pyarrow as pa

        schema = pa.schema([("json", pa.string())])
        made = (
            pa.record_batch([pa.array(batch, pa.binary()).cast(pa.string())], schema=schema)
            for batch in self.batches()
        )
        return pa.RecordBatchReader.from_batches(schema, made)
