"""An access entry is committed before its answer leaves, whoever else writes at the time."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from taihe.base import access_log, public, store
from taihe.base.access_log import Access, Log
from taihe.base.models import AccessEntry, AccessEntryPerson
from taihe.kernel.errors import Busy

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "access"])


def read(*persons: int, party: int = 1, outcome: str = "ok") -> Access:
    return Access(party, "TREAT", "read", "record:person", persons, outcome=outcome)


def in_threads(number: int, work) -> None:
    failures: list[BaseException] = []

    def run(index: int) -> None:
        try:
            work(index)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]


def test_an_entry_names_every_person_of_its_answer_once():
    access_log.note(read(9, 7, 9))
    entry = AccessEntry.objects.get()
    assert (entry.persons, entry.outcome) == ("7,9", "ok")
    assert set(AccessEntryPerson.objects.values_list("person", "entry")) == {
        (7, entry.pk),
        (9, entry.pk),
    }


def test_an_answer_without_persons_is_noted_too():
    access_log.note(read())
    assert AccessEntry.objects.get().persons == ""
    assert not AccessEntryPerson.objects.exists()


def test_an_entry_is_visible_to_others_when_note_returns():
    other = sqlite3.connect(store.path_of("access"))

    def work(index: int) -> None:
        for _ in range(40):
            access_log.note(read(100 + index, party=index))

    def seen(index: int) -> None:
        access_log.note(read(5000 + index))
        mine = sqlite3.connect(store.path_of("access"))
        found = mine.execute(
            "SELECT count(*) FROM base_access_person WHERE person = ?", (5000 + index,)
        ).fetchone()
        mine.close()
        assert found == (1,)

    in_threads(8, lambda index: work(index) if index % 2 else seen(index))
    other.close()


def test_eight_threads_write_every_entry_exactly_once():
    def work(index: int) -> None:
        for turn in range(250):
            access_log.note(read(index * 1000 + turn, party=index))

    in_threads(8, work)
    rows = AccessEntry.objects.values_list("party", "persons")
    assert len(rows) == 2000
    assert {(p, persons) for p, persons in rows} == {
        (index, str(index * 1000 + turn)) for index in range(8) for turn in range(250)
    }
    pairs = set(AccessEntryPerson.objects.values_list("entry", "person"))
    assert pairs == {(row.pk, int(row.persons)) for row in AccessEntry.objects.all()}


def test_what_waits_during_a_commit_is_committed_together_and_at_most_256(monkeypatch):
    log = Log(store.path_of("access"))
    sizes: list[int] = []
    commit = log._commit
    running, go_on = threading.Event(), threading.Event()

    def slow(batch):
        sizes.append(len(batch))
        if len(sizes) == 1:
            running.set()
            go_on.wait(10)
        commit(batch)

    monkeypatch.setattr(log, "_commit", slow)
    threads = [threading.Thread(target=log.note, args=(read(1),))]
    threads[0].start()
    assert running.wait(10)
    threads += [threading.Thread(target=log.note, args=(read(n),)) for n in range(300)]
    for thread in threads[1:]:
        thread.start()
    while len(log._queue) < 300:
        time.sleep(0.01)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert sizes == [1, 256, 44]
    assert AccessEntry.objects.count() == 301
    log.close()


def test_when_the_log_cannot_be_written_the_answer_does_not_leave(tmp_path):
    log = Log(store.path_of("access"), timeout_seconds=0.05)
    blocker = sqlite3.connect(store.path_of("access"), isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(Busy) as refused:
        log.note(read(1))
    assert "does not leave" in refused.value.do
    blocker.execute("ROLLBACK")
    blocker.close()
    log.note(read(1))
    assert AccessEntry.objects.count() == 1
    log.close()
    with pytest.raises(Busy):
        Log(str(tmp_path / "nowhere" / "access.sqlite3")).note(read(1))


def test_every_waiting_answer_is_refused_when_their_common_commit_fails():
    log = Log(store.path_of("access"), timeout_seconds=0.2)
    blocker = sqlite3.connect(store.path_of("access"), isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    refused = []

    def work(index: int) -> None:
        try:
            log.note(read(index))
        except Busy:
            refused.append(index)

    in_threads(6, work)
    blocker.execute("ROLLBACK")
    blocker.close()
    assert sorted(refused) == list(range(6))
    assert not AccessEntry.objects.exists()
    log.close()


def test_two_processes_share_the_file():
    code = (
        "import django; django.setup()\n"
        "from taihe.base.access_log import Access, note\n"
        "for n in range(300): note(Access(2, 'TREAT', 'read', 'other', (n,)))\n"
    )
    environment = {**os.environ}
    other = subprocess.Popen([sys.executable, "-c", code], env=environment)
    in_threads(4, lambda index: [access_log.note(read(index)) for _ in range(200)] and None)
    assert other.wait(60) == 0
    assert AccessEntry.objects.filter(party=1).count() == 800
    assert AccessEntry.objects.filter(party=2).count() == 300


def test_a_resident_sees_who_has_looked_newest_first_page_by_page():
    public.create_organisation("H340822001", "太和县人民医院", "hospital", level="2")
    doctor = public.create_account(
        "doctor", "李医生", "staff", roles=("clinician",), organisation_code="H340822001"
    )
    system = public.create_system_party("检验系统")
    for turn in range(5):
        access_log.note(read(7, 8, party=doctor.party if turn % 2 else system))
    access_log.note(read(9, party=doctor.party))
    access_log.note(read(7, party=doctor.party, outcome="refused"))
    first = access_log.seen_by([7, 8], limit=4)
    rest = access_log.seen_by([7, 8], limit=4, before=first[-1].number)
    assert [seen.party_name for seen in first] == ["李医生", "检验系统", "李医生", "检验系统"]
    assert [seen.organisation for seen in first][:2] == ["太和县人民医院", ""]
    assert [seen.outcome for seen in first] == ["refused", "ok", "ok", "ok"]
    assert len(rest) == 2
    assert access_log.seen_by([]) == []


def test_a_forked_process_opens_its_own_connection(monkeypatch):
    here = access_log.current_log()
    assert access_log.current_log() is here
    monkeypatch.setattr(access_log.os, "getpid", lambda: -1)
    assert access_log.current_log() is not here


def test_the_file_is_apart_from_the_main_database():
    assert Path(store.path_of("access")) != Path(store.path_of("default"))
