"""The chains that the sealer binds: evidence, the fixed columns of projects, bulletins."""

from __future__ import annotations

from collections.abc import Iterator

from taihe.base.chain import Chain, Connection, rows_of_table

EVIDENCE = (
    "id", "project_id", "action", "happened_on", "amount_fen", "zone_id", "outside",
    "investment_fen", "contract_fen", "merged_into_id", "text", "attachment", "round", "batch_id", "by", "at_us",
)  # fmt: skip
PROJECT = (
    "id", "key", "register", "name", "event_id", "industry", "investor_id", "synthetic",
    "by", "at_us",
)  # fmt: skip
BULLETIN = (
    "id", "event_id", "edition", "as_of", "through", "fingerprint", "body", "table",
    "by", "at_us",
)  # fmt: skip
OPINION = ("id", "application_id", "expert", "scores", "declined", "text", "at_us")


def _evidence(connection: Connection, after: int, upto: int | None) -> Iterator[tuple[int, bytes]]:
    return rows_of_table(connection, "zone_evidence", EVIDENCE, after, upto)


def _project(connection: Connection, after: int, upto: int | None) -> Iterator[tuple[int, bytes]]:
    return rows_of_table(connection, "zone_project", PROJECT, after, upto)


def _bulletin(connection: Connection, after: int, upto: int | None) -> Iterator[tuple[int, bytes]]:
    return rows_of_table(connection, "zone_bulletin", BULLETIN, after, upto)


def _opinion(connection: Connection, after: int, upto: int | None) -> Iterator[tuple[int, bytes]]:
    return rows_of_table(connection, "zone_park_opinion", OPINION, after, upto)


CHAINS = (
    Chain("evidence", "default", _evidence),
    Chain("project", "default", _project),
    Chain("bulletin", "default", _bulletin),
    Chain("opinion", "default", _opinion),
)
