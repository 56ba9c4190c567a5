"""
Encrypted copies of an installation, one file per site.

A copy holds the databases (taken while they are in use), the heads of the chains, the lake
and installation.json. It is encrypted in pieces of 1 MiB with AES-256-GCM under a key derived
from the site's master key, and never holds that key: the `keys/` folders are kept elsewhere.
Each piece authenticates its place and whether it is the last, so that a cut or reordered
copy is refused.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from taihe.base import heads
from taihe.config.site import SITES, Folder, SiteFolder
from taihe.kernel.errors import Busy, Incorrect

MAGIC = b"TAIHE-BACKUP-1\n"
PIECE = 1 << 20


def write(folder: Folder, target: Path) -> None:
    """Write `target/health.taihe` and `target/zone.taihe`, each by one atomic rename."""
    target.mkdir(parents=True, exist_ok=True)
    for site in SITES:
        one = folder.of(site)
        if not one.exists():
            continue
        draft = target / f"{site}.draft"
        try:
            with tempfile.TemporaryDirectory(dir=target) as work:
                plain = Path(work) / "site.tar"
                # Databases and heads file must belong to each other.
                with heads.paused(one.heads):
                    _pack(one, Path(work), plain)
                _encrypt(plain, draft, _key(one.keys))
            draft.replace(target / f"{site}.taihe")
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise Busy(
                f"The copy of {site} could not be written: {error.strerror}.",
                "Free some space or choose another folder.",
            ) from None


def read(source: Path, folder: Folder, keys: Path) -> None:
    """Restore into a folder that has no installation yet; `keys/SITE/` hold the keys."""
    for site in SITES:
        sealed = source / f"{site}.taihe"
        if not sealed.exists():
            continue
        one = folder.of(site)
        if one.exists():
            raise Incorrect(
                f"{one.path} holds an installation already.", "Restore into an empty folder."
            )
        one.path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=one.path) as work:
            plain = Path(work) / "site.tar"
            _decrypt(sealed, plain, _key(keys / site))
            with tarfile.open(plain) as tar:
                tar.extractall(one.path, filter="data")
        shutil.copytree(keys / site, one.keys, dirs_exist_ok=True)
        one.keys.chmod(0o700)


def _pack(one: SiteFolder, work: Path, plain: Path) -> None:
    with tarfile.open(plain, "w") as tar:
        for database in (one.database, one.access_database):
            if database.exists():
                snapshot = work / database.name
                with (
                    closing(sqlite3.connect(database)) as live,
                    closing(sqlite3.connect(snapshot)) as copy,
                ):
                    live.backup(copy)
                tar.add(snapshot, database.name)
                snapshot.unlink()
        for name in ("chain", "lake", "installation.json"):
            if (one.path / name).exists():
                tar.add(one.path / name, name)


def _key(keys: Path) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    master = keys / "master.key"
    if not master.exists():
        raise Incorrect(f"There is no {master}.", "Name the folder that holds the keys.")
    return HKDF(SHA256(), 32, None, b"taihe backup").derive(master.read_bytes())


def _encrypt(plain: Path, sealed: Path, key: bytes) -> None:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    cipher, salt = AESGCM(key), os.urandom(8)
    with plain.open("rb") as source, sealed.open("wb") as out:
        out.write(MAGIC + salt)
        for number, (piece, last) in enumerate(_pieces(source.read, PIECE)):
            nonce = salt + number.to_bytes(4, "big")
            out.write(cipher.encrypt(nonce, piece, b"last" if last else b"more"))
        out.flush()
        os.fsync(out.fileno())


def _decrypt(sealed: Path, plain: Path, key: bytes) -> None:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    cipher = AESGCM(key)
    with sealed.open("rb") as source, plain.open("wb") as out:
        if source.read(len(MAGIC)) != MAGIC:
            raise Incorrect(f"{sealed} is not a copy made by taihe backup.", "Check the file.")
        salt = source.read(8)
        for number, (piece, last) in enumerate(_pieces(source.read, PIECE + 16)):
            nonce = salt + number.to_bytes(4, "big")
            try:
                out.write(cipher.decrypt(nonce, piece, b"last" if last else b"more"))
            except InvalidTag:
                raise Incorrect(
                    f"{sealed} does not fit this key, or was changed or cut short.",
                    "Use the keys of that installation, or an older copy.",
                ) from None


def _pieces(read, size: int) -> Iterator[tuple[bytes, bool]]:  # type: ignore[no-untyped-def]
    piece = read(size)
    while True:
        following = read(size)
        yield piece, not following
        if not following:
            return
        piece = following
