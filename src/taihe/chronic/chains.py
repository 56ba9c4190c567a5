"""The chain of follow-up visits: a version that was saved is never changed unnoticed."""

from __future__ import annotations

from collections.abc import Iterator

from taihe.base.chain import Chain, Connection, rows_of_table

COLUMNS = (
    "id",
    "key",
    "version",
    "person",
    "disease",
    "organisation",
    "by",
    "by_name",
    "at",
    "visited_on",
    "way",
    "age_years",
    "sbp_mmhg",
    "dbp_mmhg",
    "fpg_mmol",
    "answers",
    "cls",
    "previous_cls",
    "action",
    "next_on",
    "dangers",
    "rules",
    "ruler",
    "reason",
    "seconds",
)


def _visits(connection: Connection, after: int, upto: int | None) -> Iterator[tuple[int, bytes]]:
    return rows_of_table(connection, "chronic_visit", COLUMNS, after, upto)


VISITS = Chain("chronic-visit", "default", _visits)
