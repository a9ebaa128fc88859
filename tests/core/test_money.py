from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from iuran.core.money import Rupiah, formatted, share_of, share_of_rounded_down

amounts = st.integers(0, 10**15).map(Rupiah)


@given(amounts, st.integers(0, 1000))
def test_a_share_is_the_nearest_whole_rupiah_half_up(amount: Rupiah, per_mille: int) -> None:
    exact = Fraction(amount * per_mille, 1000)

    share = share_of(amount, per_mille=per_mille)

    assert Fraction(-1, 2) < share - exact <= Fraction(1, 2)


@given(amounts, st.integers(0, 1000))
def test_rounding_down_never_asks_for_more(amount: Rupiah, per_mille: int) -> None:
    exact = Fraction(amount * per_mille, 1000)

    share = share_of_rounded_down(amount, per_mille=per_mille)

    assert 0 <= exact - share < 1


def test_halves_round_up() -> None:
    assert share_of(Rupiah(50), per_mille=10) == 1
    assert share_of(Rupiah(49), per_mille=10) == 0


def test_amounts_are_written_with_dots() -> None:
    assert formatted(Rupiah(1_250_000)) == "Rp1.250.000"
    assert formatted(Rupiah(0)) == "Rp0"
