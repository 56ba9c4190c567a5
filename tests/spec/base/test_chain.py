"""Whatever is changed after it was sealed is found and named; nothing else is."""

from __future__ import annotations

import random
import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from taihe.base import access_log, chain, heads, sealing, store, trail, verifying
from taihe.base.access_log import Access
from taihe.base.models import WorkflowStep
from taihe.base.verifying import verify

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "access"])

AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
CHAINS = (trail.CHAIN, access_log.CHAIN)


@pytest.fixture
def sealed(heads: Path) -> Path:
    """Ten changes and ten accesses in two seals each, and a few of each that are not sealed."""
    write(1, 7)
    assert seal() == 12
    write(7, 11)
    assert seal() == 8
    return heads


def write(start: int, stop: int) -> None:
    for number in range(start, stop):
        trail.record("finding.confirmed", f"finding:{number}", by=number, at=AT, detail={"n": "审"})
        access_log.note(Access(number, "TREAT", "read", "record:person", (number, number + 1)))


def seal() -> int:
    with sealing.Sealing(chains=CHAINS) as work:
        return work.seal()


def check(**options) -> verifying.Report:
    return verify(chains=CHAINS, **options)


def change(alias: str, sql: str, *parameters: object) -> None:
    connection = sqlite3.connect(store.path_of(alias))
    with connection:
        assert connection.execute(sql, parameters).rowcount >= 1
    connection.close()


def first_id(alias: str, table: str) -> int:
    connection = sqlite3.connect(store.path_of(alias))
    found = connection.execute(f"SELECT min(id) FROM {table}").fetchone()[0]
    connection.close()
    return int(found)


def test_an_untouched_installation_is_clean(sealed):
    report = check()
    assert report.findings == []
    assert [(state.name, state.sealed, state.unsealed) for state in report.chains] == [
        ("trail", 10, 0),
        ("access", 10, 0),
    ]


def test_rows_that_are_not_sealed_yet_are_counted_and_excepted(sealed):
    write(11, 14)
    change("default", "UPDATE base_trail SET action = 'x' WHERE subject = 'finding:12'")
    report = check()
    assert report.clean
    assert [state.unsealed for state in report.chains] == [3, 3]


@pytest.mark.parametrize(("alias", "table"), [("default", "base_trail"), ("access", "base_access")])
def test_a_change_in_any_column_of_any_sealed_row_names_that_row(sealed, alias, table):
    first = first_id(alias, table)
    connection = sqlite3.connect(store.path_of(alias), isolation_level=None)
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    for row in (first, first + 5, first + 9):
        for column in columns:
            old = connection.execute(
                f'SELECT "{column}" FROM {table} WHERE id = ?', (row,)
            ).fetchone()[0]
            new = old + 1000 if isinstance(old, int) else old + "."
            connection.execute(f'UPDATE {table} SET "{column}" = ? WHERE id = ?', (new, row))
            found = check(integrity=False).findings
            assert row in [finding.seq for finding in found], (column, found)
            back = row + 1000 if column == "id" else row
            connection.execute(f'UPDATE {table} SET "{column}" = ? WHERE id = ?', (old, back))
    connection.close()
    assert check().clean


@pytest.mark.parametrize(
    "value", [b"finding.confirmed", 1.0, None, "finding.confirmed\x00", b"\xff"]
)
def test_a_value_of_another_type_is_a_change(sealed, value):
    first = first_id("default", "base_trail")
    if value is None:
        change("default", 'UPDATE base_trail SET "by" = NULL WHERE id = ?', first)
    else:
        change("default", "UPDATE base_trail SET action = ? WHERE id = ?", value, first)
    assert [finding.seq for finding in check().findings] == [first]


def test_text_that_is_no_utf8_is_named(sealed):
    first = first_id("default", "base_trail")
    change(
        "default", "UPDATE base_trail SET detail = CAST(x'FFFE41' AS TEXT) WHERE id = ?", first + 2
    )
    assert [finding.seq for finding in check().findings] == [first + 2]


@pytest.mark.parametrize("offset", [0, 4, 9])
def test_a_missing_row_is_named(sealed, offset):
    row = first_id("access", "base_access") + offset
    change("access", "DELETE FROM base_access WHERE id = ?", row)
    findings = check().findings
    assert (row, "this sealed row is missing") in [(f.seq, f.problem) for f in findings]


def test_an_inserted_row_is_named(sealed):
    change(
        "default",
        "INSERT INTO base_trail (id, at_us, action, subject, detail) VALUES (-5, 1, 'a', 'b', '')",
    )
    assert [f.seq for f in check().findings] == [-5]


def test_two_rows_that_were_swapped_are_both_named(sealed):
    first = first_id("default", "base_trail")
    for old, new in ((first, -1), (first + 1, first), (-1, first + 1)):
        change("default", "UPDATE base_trail SET id = ? WHERE id = ?", new, old)
    assert [f.seq for f in check().findings] == [first, first + 1]


def test_the_index_by_person_must_say_what_the_entries_say(sealed):
    entry = first_id("access", "base_access")
    change("access", "DELETE FROM base_access_person WHERE entry = ? AND person = 1", entry)
    assert [f.seq for f in check().findings] == [entry]
    change("access", "INSERT INTO base_access_person (entry, person) VALUES (?, 1)", entry)
    assert check().clean
    change("access", "INSERT INTO base_access_person (entry, person) VALUES (?, 99)", entry)
    assert [f.seq for f in check().findings] == [entry]


@pytest.mark.parametrize(
    "column", ["first_seq", "last_seq", "count", "total", "marks", "digest", "head", "at_us"]
)
def test_a_change_in_a_seal_is_found(sealed, column):
    connection = sqlite3.connect(store.path_of("default"))
    seals = connection.execute(f"SELECT id, {column} FROM base_seal WHERE chain = 'trail'")
    number, old = seals.fetchall()[0]
    connection.close()
    new = old + 1 if isinstance(old, int) else bytes([old[0] ^ 1]) + old[1:]
    change("default", f"UPDATE base_seal SET {column} = ? WHERE id = ?", new, number)
    findings = check().findings
    assert findings, column
    assert {finding.chain for finding in findings} == {"trail"}


def test_a_missing_seal_is_found(sealed):
    change("default", "DELETE FROM base_seal WHERE chain = 'access' AND total = 6")
    assert {finding.chain for finding in check().findings} == {"access"}


def test_a_cut_tail_is_found(sealed):
    change("default", "DELETE FROM base_trail WHERE subject IN ('finding:9', 'finding:10')")
    change("default", "DELETE FROM base_seal WHERE chain = 'trail' AND total = 10")
    problems = [f.problem for f in check().findings]
    assert any("the tail is cut" in problem for problem in problems)


def test_a_database_emptied_with_its_seals_is_found(sealed):
    change("default", "DELETE FROM base_trail")
    change("default", "DELETE FROM base_seal WHERE chain = 'trail'")
    assert any("the tail is cut" in f.problem for f in check().findings)


def test_cut_or_changed_heads_are_found(sealed):
    whole = sealed.read_bytes()
    lines = whole.splitlines(keepends=True)
    for cut in (b"", lines[0], b"".join(lines[:-1]), b"".join(lines[1:]), whole[:-20]):
        sealed.write_bytes(cut)
        assert any("was cut" in f.problem or "cut" in f.problem for f in check().findings), cut
    sealed.unlink()
    assert not check().clean
    sealed.write_bytes(b"".join(reversed(lines)))
    assert not check().clean
    sealed.write_bytes(whole)
    assert check().clean


def test_every_flipped_byte_of_the_heads_is_found(sealed):
    whole = sealed.read_bytes()
    for place in range(len(whole)):
        sealed.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert not check(integrity=False).clean, (place, whole[place : place + 1])


def test_random_flips_in_the_files_are_found_whenever_a_stored_row_differs(sealed, tmp_path):
    """The oracle reads all rows before and after; what it sees differ must be found."""
    whole = {}
    for alias in ("default", "access"):
        connection = sqlite3.connect(store.path_of(alias))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        whole[alias] = Path(store.path_of(alias)).read_bytes()
    copy = tmp_path / "copy"
    shutil.copytree(sealed.parent, copy / "chain")
    chance = random.Random(20261124)
    tables = {
        "default": ("base_trail", "base_seal"),
        "access": ("base_access", "base_access_person"),
    }
    differed = 0
    for alias in ("default", "access"):
        other = "access" if alias == "default" else "default"
        (copy / Path(store.path_of(other)).name).write_bytes(whole[other])
        path = copy / Path(store.path_of(alias)).name
        path.write_bytes(whole[alias])
        before = dump(path, tables[alias])
        places = interesting(whole[alias], chance)
        for place in places:
            flipped = bytes([whole[alias][place] ^ (1 << chance.randrange(8))])
            path.write_bytes(whole[alias][:place] + flipped + whole[alias][place + 1 :])
            if dump(path, tables[alias]) != before:
                differed += 1
                assert not check(folder=copy).clean, (alias, place)
        path.write_bytes(whole[alias])
    assert differed > 20


def interesting(raw: bytes, chance: random.Random) -> list[int]:
    """Places where our rows lie, and some from anywhere."""
    places = [chance.randrange(100, len(raw)) for _ in range(20)]
    for word in (b"finding", b"TREAT", b"record:person", b"trail"):
        start = raw.find(word)
        while start >= 0 and len(places) < 140:
            places.append(start + chance.randrange(len(word)))
            start = raw.find(word, start + 1)
    return places


def dump(path: Path, tables: tuple[str, ...]) -> object:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    connection.text_factory = bytes
    try:
        return [connection.execute(f"SELECT * FROM {t} ORDER BY rowid").fetchall() for t in tables]
    except (sqlite3.Error, UnicodeDecodeError) as error:
        return type(error)
    finally:
        connection.close()


def test_a_crash_between_seal_and_line_is_mended_at_the_next_start(sealed):
    whole = sealed.read_bytes()
    lines = whole.splitlines(keepends=True)
    # The last line was being written when the power went.
    sealed.write_bytes(whole[: -len(lines[-1]) + 30])
    assert not check().clean
    assert seal() == 0
    assert sealed.read_bytes() == whole
    assert check().clean


def test_more_than_one_missing_line_is_no_crash_and_stays_to_be_found(sealed):
    lines = sealed.read_bytes().splitlines(keepends=True)
    sealed.write_bytes(b"".join(line for line in lines if b'"trail"' not in line))
    seal()
    write(20, 22)
    seal()
    assert not check().clean


def test_only_one_process_seals(sealed):
    with sealing.Sealing(chains=CHAINS):
        assert heads.is_held(sealed)
        assert chain.seal_once() == 0
    assert not heads.is_held(sealed)


def test_sealing_pauses_while_a_copy_is_made(sealed):
    with sealing.Sealing(chains=CHAINS) as work:
        write(11, 13)
        with heads.paused(sealed):
            assert work.seal() == 0
        assert work.seal() == 4
    assert check().clean


def test_the_sealer_empties_the_write_ahead_file_of_the_access_log(sealed):
    wal = Path(store.path_of("access") + "-wal")
    for start in range(20, 60, 10):
        write(start, start + 10)
        seal()
    grown = wal.stat().st_size
    for start in range(60, 140, 10):
        write(start, start + 10)
        seal()
    assert wal.stat().st_size <= grown + 200_000


def test_verify_while_sealing_goes_on_reports_nothing(heads):
    sealer = sealing.Sealer(every_seconds=0.01)
    sealer.start()
    try:
        for start in range(1, 200, 5):
            write(start, start + 5)
            assert check(integrity=False).findings == []
    finally:
        sealer.stop()
        sealer.join(10)
    assert [state.unsealed for state in check().chains] == [0, 0]


def test_the_sealer_seals_within_a_second(heads):
    import time

    sealer = sealing.Sealer()
    sealer.start()
    try:
        time.sleep(0.2)
        write(1, 4)
        time.sleep(1.0)
        assert [state.unsealed for state in check(integrity=False).chains] == [0, 0]
    finally:
        sealer.stop()
        sealer.join(10)


def test_numbers_with_gaps_are_sealed_and_a_missing_row_is_still_found(heads):
    """PostgreSQL leaves gaps in its sequences; the order is what counts."""
    for number in (3, 5, 9, 14):
        change(
            "default",
            "INSERT INTO base_trail (id, at_us, action, subject, detail) VALUES (?, 1, 'a', ?, '')",
            10_000_000 + number,
            f"x:{number}",
        )
    assert seal() == 4
    assert check().clean
    change("default", "DELETE FROM base_trail WHERE subject = 'x:9'")
    assert [f.seq for f in check().findings] == [10_000_014]
    assert "missing near" in check().findings[0].problem


def test_workflow_steps_are_a_chain_too(heads):
    from taihe.base import workflow

    WorkflowStep.objects.create(
        workflow="case", subject="case:1", number=1, action="a", source="s", target="t", at=AT
    )
    with sealing.Sealing(chains=[workflow.CHAIN]) as work:
        assert work.seal() == 1
    assert verify(chains=[workflow.CHAIN]).clean
    change("default", "UPDATE base_workflowstep SET note = 'later'")
    assert len(verify(chains=[workflow.CHAIN]).findings) == 1


def test_the_head_is_what_the_documentation_says(heads):
    """SHA-256 over the head before and the digest over the digests of the rows' JSON."""
    import hashlib
    import json

    trail.record("a.b", "c:1", by=None, at=AT)
    seal()
    connection = sqlite3.connect(store.path_of("default"))
    row = connection.execute('SELECT id, at_us, action, subject, "by", detail FROM base_trail')
    written = json.dumps(row.fetchone(), ensure_ascii=False, separators=(",", ":")).encode()
    digest = hashlib.sha256(hashlib.sha256(written).digest()).digest()
    head = hashlib.sha256(bytes(32) + digest).hexdigest()
    connection.close()
    assert f'"head":"{head}"' in heads.read_text()


def test_a_trail_row_is_written_with_its_change_or_not_at_all():
    from django.db import transaction

    from taihe.base.models import TrailRow

    with pytest.raises(RuntimeError), transaction.atomic():
        trail.record("a.b", "c:1", by=None)
        raise RuntimeError
    assert not TrailRow.objects.exists()
