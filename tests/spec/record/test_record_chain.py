"""A byte changed in any version, or a version taken out, is found by `taihe verify`."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from taihe.base import verifying
from taihe.base.sealing import seal_once
from taihe.record import public
from taihe.record.prepare import Preparer
from taihe.record.site import the_store
from taihe.record.store import DELETE, Write
from tests.record_kit import TODAY, observation, patient

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "access"])


def problems() -> set[str]:
    return {finding.chain for finding in verifying.verify(integrity=False).findings}


def change(sql: str) -> None:
    with the_store().database.writing() as connection:
        assert connection.execute(sql).rowcount == 1


@pytest.fixture
def sealed_versions(settings) -> None:
    from taihe.base.chain import registered

    assert {"versions", "events"} <= {chain.name for chain in registered()}
    heads = settings.TAIHE_FOLDER / "chain" / "heads.log"
    heads.unlink(missing_ok=True)
    preparer = Preparer(the_store().keys, today=TODAY)
    for resource in (
        patient(),
        patient("p2"),
        observation("o1"),
        observation("o1", status="amended"),
    ):
        prepared = preparer.from_bytes(json.dumps(resource).encode())
        the_store().apply([Write(prepared.type, prepared.id, prepared)], by=1)
    the_store().apply([Write("Observation", "o1", None, DELETE)], by=1)
    one, two = (public.persons_of_patients(["p1", "p2"])[id] for id in ("p1", "p2"))
    public.merge_persons(one, two, by=1, reason="test", at=datetime(2026, 11, 24, tzinfo=UTC))
    seal_once()
    assert problems() == set()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE record_version SET body = CAST(replace(body, 'final', 'final ') AS BLOB)"
        " WHERE feed = (SELECT min(feed) FROM record_version WHERE sealed = 0)",
        "UPDATE record_version SET body = zeroblob(length(body))"
        " WHERE feed = (SELECT min(feed) FROM record_version WHERE sealed = 1)",
        "UPDATE record_version SET party = 2 WHERE feed = (SELECT max(feed) FROM record_version)",
        "UPDATE record_version SET at = at + 1 WHERE feed = (SELECT max(feed) FROM record_version)",
        "UPDATE record_version SET hash = x'00' WHERE feed = (SELECT min(feed) FROM record_version)",
        "UPDATE record_resource SET id = 'p9' WHERE id = 'p2'",
        "DELETE FROM record_version WHERE feed = (SELECT max(feed) FROM record_version)",
    ],
)
def test_a_changed_version_is_found(sealed_versions: None, sql: str) -> None:
    change(sql)
    assert "versions" in problems()


def test_a_changed_event_is_found(sealed_versions: None) -> None:
    change("UPDATE record_event SET person = person + 1")
    assert "events" in problems()


def test_the_feed_has_versions_and_events_in_order(sealed_versions: None) -> None:
    items = public.feed(0, bodies=True)
    assert [item.feed for item in items] == sorted(item.feed for item in items)
    assert [(item.kind, item.id, item.method) for item in items] == [
        ("version", "p1", "PUT"),
        ("version", "p2", "PUT"),
        ("version", "o1", "PUT"),
        ("version", "o1", "PUT"),
        ("version", "o1", "DELETE"),
        ("merge", "", ""),
    ]
    assert json.loads(items[0].body or b"")["name"][0]["text"] == "张伟"
    assert items[4].body is None
    assert public.feed(items[3].feed, 1)[0].feed == items[4].feed
