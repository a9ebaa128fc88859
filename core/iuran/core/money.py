"""Money is whole rupiah. There is no float and no fraction anywhere; percentages round here."""

from typing import NewType

Rupiah = NewType("Rupiah", int)
"""An amount in whole rupiah; `bigint` in PostgreSQL."""

PER_MILLE = 1000


def share_of(amount: Rupiah, *, per_mille: int, base_per_mille: int = PER_MILLE) -> Rupiah:
    """Return `per_mille` thousandths of `amount`, rounded half up to whole rupiah.

    With `base_per_mille` the percentage is taken of so many thousandths of `amount` (a veteran's
    5 % of 45 %), and still rounds once. The rounding of contributions (domain page, section 1
    [D]): half up, once per component.
    """
    whole = PER_MILLE * PER_MILLE
    return Rupiah((amount * per_mille * base_per_mille * 2 + whole) // (whole * 2))


def share_of_rounded_down(amount: Rupiah, *, per_mille: int) -> Rupiah:
    """Return `per_mille` thousandths of `amount`, rounded down: how fines round (SC12 [D])."""
    return Rupiah(amount * per_mille // PER_MILLE)


def formatted(amount: Rupiah) -> str:
    """Write an amount as Indonesians do: `Rp1.250.000`."""
    return f"Rp{amount:,}".replace(",", ".")
