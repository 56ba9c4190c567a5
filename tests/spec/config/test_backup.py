"""A copy of an installation: encrypted, complete, and refused when anything about it changed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from taihe.config import backup
from taihe.config.site import Folder
from taihe.kernel.errors import Incorrect

SECRET = "一句不该读到的话"


@pytest.fixture
def installation(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "one")
    folder.health.create(demo=False)
    with closing(sqlite3.connect(folder.health.database)) as database:
        database.execute("CREATE TABLE note(text)")
        database.executemany("INSERT INTO note VALUES (?)", [(SECRET,)] * 100_000)
        database.commit()
    folder.health.heads.write_text('{"chain":"trail"}\n', "utf-8")
    return folder


def test_a_copy_is_restored_whole_with_the_keys_kept_elsewhere(
    installation: Folder, tmp_path: Path
) -> None:
    backup.write(installation, tmp_path / "copy")
    (tmp_path / "keys").mkdir()
    installation.health.keys.rename(tmp_path / "keys" / "health")
    restored = Folder(tmp_path / "two")
    backup.read(tmp_path / "copy", restored, tmp_path / "keys")
    with closing(sqlite3.connect(restored.health.database)) as database:
        assert database.execute("SELECT count(*) FROM note").fetchone() == (100_000,)
    assert restored.health.heads.read_text("utf-8") == '{"chain":"trail"}\n'
    assert (restored.health.keys / "master.key").exists()


def test_a_copy_holds_no_key_and_no_clear_text(installation: Folder, tmp_path: Path) -> None:
    backup.write(installation, tmp_path / "copy")
    sealed = (tmp_path / "copy" / "health.taihe").read_bytes()
    assert SECRET.encode() not in sealed
    assert (installation.health.keys / "master.key").read_bytes() not in sealed
    assert [path.name for path in (tmp_path / "copy").iterdir()] == ["health.taihe"]


@pytest.mark.parametrize("change", ["flip", "cut", "swap"])
def test_a_changed_copy_is_refused(installation: Folder, tmp_path: Path, change: str) -> None:
    backup.write(installation, tmp_path / "copy")
    sealed = tmp_path / "copy" / "health.taihe"
    content = bytearray(sealed.read_bytes())
    piece, head = backup.PIECE + 16, len(backup.MAGIC) + 8
    if change == "flip":
        content[len(content) // 2] ^= 1
    elif change == "cut":
        content = content[: head + piece]
    else:
        one, two = content[head : head + piece], content[head + piece : head + 2 * piece]
        content[head : head + 2 * piece] = two + one
    sealed.write_bytes(content)
    keys = tmp_path / "keys"
    keys.mkdir()
    installation.health.keys.rename(keys / "health")
    with pytest.raises(Incorrect, match="changed or cut"):
        backup.read(tmp_path / "copy", Folder(tmp_path / "two"), keys)


def test_an_installation_is_never_overwritten(installation: Folder, tmp_path: Path) -> None:
    backup.write(installation, tmp_path / "copy")
    with pytest.raises(Incorrect, match="already"):
        backup.read(tmp_path / "copy", installation, tmp_path / "keys")
