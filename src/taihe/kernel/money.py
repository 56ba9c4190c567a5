"""Money in whole fen, so that sums are exact on every engine."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from taihe.kernel.errors import Incorrect


def fen(yuan: str | Decimal | int) -> int:
    """Yuan as written (text or decimal) in fen, halves away from zero; floats are refused."""
    if isinstance(yuan, float):
        raise TypeError("money is never a float")
    try:
        amount = Decimal(yuan)
        return int((amount * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    except InvalidOperation:
        raise Incorrect("This is not an amount of money.", "Write digits, as in 12.50.") from None


def yuan_text(amount_fen: int) -> str:
    """Fen as yuan on a page: 1 234 567 fen is "12,345.67"."""
    return f"{Decimal(amount_fen) / 100:,.2f}"
