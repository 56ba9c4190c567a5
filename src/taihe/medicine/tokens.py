"""
The token on a prescription's QR code: a random-looking word that means one prescription.

It is derived from a nonce with the installation's key, so that it can be shown again to the
resident; the database keeps a digest only. It holds no personal data and is never an address.
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata

from django.utils.crypto import salted_hmac

PREFIX = "TAIHE-RX"
LENGTH = 24
_SALT = "taihe.medicine.prescription"


def token_of(prescription: int, nonce: str) -> str:
    """The token: 24 letters and digits of base32 (120 bits)."""
    raw = salted_hmac(_SALT, f"{prescription}:{nonce}", algorithm="sha256").digest()
    return base64.b32encode(raw).decode()[:LENGTH]


def digest_of(token: str) -> str:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def read(text: str) -> str:
    """
    The token in what a scanner or a hand typed; empty when it cannot be one.

    Groups, blanks, small letters and full width are forgiven, and 0, 1 and 8, which no token
    holds, are read as the letters O, I and B.
    """
    plain = unicodedata.normalize("NFKC", text).upper().strip()
    plain = plain.removeprefix(PREFIX).translate(str.maketrans("018", "OIB"))
    plain = "".join(letter for letter in plain if letter.isalnum())
    is_token = len(plain) == LENGTH and plain.isascii()
    return plain if is_token else ""


def written(token: str) -> str:
    """The token in groups of four, for reading out and typing."""
    return "-".join(token[i : i + 4] for i in range(0, len(token), 4))


def scanned(token: str) -> str:
    """The text inside the QR code."""
    return f"{PREFIX}-{token}"


def picture(token: str) -> str:
    """The QR code as inline SVG without style, with a white margin, scaled by the page."""
    import segno

    code = segno.make(scanned(token), error="m", micro=False)
    return str(
        code.svg_inline(
            omitsize=True, border=3, light="#ffffff", svgclass="qr", lineclass=None, scale=1
        )
    )
