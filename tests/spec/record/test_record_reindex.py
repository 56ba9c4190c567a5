"""Index rows can be made anew from bodies; what is right is not touched."""

from __future__ import annotations

import json

from taihe.record.reindex import reindex
from taihe.record.store import DELETE, Write
from tests.record_kit import Kit, observation, patient

TABLES = ("record_idx_token", "record_idx_text", "record_idx_span")


def all_rows(kit: Kit) -> dict[str, list[tuple]]:
    return {table: sorted(kit.rows(f"SELECT * FROM {table}")) for table in TABLES}


def test_lost_and_strange_rows_are_mended(kit: Kit) -> None:
    for resource in (patient(), observation("o1"), observation("o2"), patient("p2")):
        prepared = kit.preparer.from_bytes(json.dumps(resource).encode())
        kit.store.apply([Write(prepared.type, prepared.id, prepared)], by=1)
    kit.store.apply([Write("Observation", "o2", None, DELETE)], by=1)
    before = all_rows(kit)
    assert reindex(kit.store) == 0
    with kit.store.database.writing() as connection:
        connection.execute("DELETE FROM record_idx_span")
        connection.execute("DELETE FROM record_idx_text WHERE rid = 1")
        connection.execute("INSERT INTO record_idx_token VALUES (1, 2, 3)")
    seen: list[tuple[int, int]] = []
    assert reindex(kit.store, lambda done, total: seen.append((done, total))) == 4
    assert all_rows(kit) == before
    assert seen[-1] == (4, 4)
