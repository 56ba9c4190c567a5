"""
Keyed hashes and sealed bodies, both from the installation's master key.

The master key lies in `keys/master.key`, outside of every database. Index rows of identifiers
and telecom hold 64-bit keyed hashes (BLAKE2b, RFC 7693); bodies that identify a person are
sealed per row with AES-256-GCM, or SM4-GCM (GB/T 32907) where a setting asks for it, and the
associated data binds a body to its row and version.
"""

from __future__ import annotations

import os
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from taihe.kernel.errors import Fault

CLEAR, AES_GCM, SM4_GCM = 0, 1, 2
_CIPHERS = {"AES-GCM": AES_GCM, "SM4-GCM": SM4_GCM}


class Keys:
    """What is derived from one master key of 32 bytes."""

    def __init__(self, master: bytes, *, cipher: str = "AES-GCM") -> None:
        assert len(master) == 32, "the master key has 32 bytes"
        self.master = master
        self.cipher = cipher
        self.sealing = _CIPHERS[cipher]
        self._index = blake2b(key=_derive(master, b"index"), digest_size=8)
        self._token = _derive(master, b"token")
        self._aes = AESGCM(_derive(master, b"seal"))
        self._sm4 = algorithms.SM4(_derive(master, b"seal-sm4")[:16])
        self._page = AESGCM(_derive(master, b"page"))
        self.hash = lru_cache(maxsize=50_000)(self._hash)

    @classmethod
    def read(cls, folder: Path, *, cipher: str = "") -> Keys:
        """Read `master.key` of a site's key folder; `TAIHE_CIPHER` chooses the cipher."""
        try:
            master = (folder / "master.key").read_bytes()
        except OSError as error:
            raise Fault(
                f"The master key in {folder} cannot be read: {error.strerror}.",
                "Without it sealed bodies stay closed: restore the folder keys/.",
            ) from None
        return cls(master, cipher=cipher or os.environ.get("TAIHE_CIPHER", "AES-GCM"))

    def _hash(self, text: str) -> int:
        """The keyed hash of a text as a signed 64-bit number."""
        state = self._index.copy()
        state.update(text.encode("utf-8", "surrogatepass"))
        return int.from_bytes(state.digest(), "big", signed=True)

    def token_hash(self, token: str) -> bytes:
        """The keyed hash of a bearer token, 32 bytes."""
        return blake2b(token.encode("utf-8", "replace"), key=self._token, digest_size=32).digest()

    def seal(self, plain: bytes, bound_to: bytes) -> bytes:
        """Encrypt; the result is nonce (12 bytes), ciphertext, tag (16 bytes)."""
        nonce = os.urandom(12)
        if self.sealing == AES_GCM:
            return nonce + self._aes.encrypt(nonce, plain, bound_to)
        machine = Cipher(self._sm4, modes.GCM(nonce)).encryptor()
        machine.authenticate_additional_data(bound_to)
        return nonce + machine.update(plain) + machine.finalize() + machine.tag

    def unseal(self, sealing: int, sealed: bytes, bound_to: bytes) -> bytes:
        """Decrypt what `seal` made with that cipher; raises `Fault` for a changed byte."""
        if sealing == CLEAR:
            return sealed
        nonce = sealed[:12]
        try:
            if sealing == AES_GCM:
                return self._aes.decrypt(nonce, sealed[12:], bound_to)
            machine = Cipher(self._sm4, modes.GCM(nonce, sealed[-16:])).decryptor()
            machine.authenticate_additional_data(bound_to)
            return machine.update(sealed[12:-16]) + machine.finalize()
        except InvalidTag:
            raise Fault(
                "A sealed body cannot be opened.",
                "Run taihe verify: the row was changed, or keys/ is another installation's.",
            ) from None

    def seal_page(self, plain: bytes) -> bytes:
        """Encrypt what a page address carries."""
        nonce = os.urandom(12)
        return nonce + self._page.encrypt(nonce, plain, b"page")

    def unseal_page(self, sealed: bytes) -> bytes | None:
        """Decrypt it; None when it is not ours."""
        try:
            return self._page.decrypt(sealed[:12], sealed[12:], b"page")
        except (InvalidTag, ValueError):
            return None


def bound_to(rid: int, version: int) -> bytes:
    """The associated data of a sealed body."""
    return b"%d:%d" % (rid, version)


def _derive(master: bytes, use: bytes) -> bytes:
    return blake2b(use, key=master, digest_size=32, person=b"taihe-record").digest()
