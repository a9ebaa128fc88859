from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iuran.core.fines import FineWindow, fine_of
from iuran.core.money import Rupiah

days = st.dates(date(2016, 7, 1), date(2090, 12, 31))


def test_day_45_is_fined_and_day_46_is_free() -> None:
    window = FineWindow.opened(date(2026, 1, 2), arrears_months=5)

    fines = [
        fine_of(window, admitted_on=date(2026, 2, day), estimated_tariff=Rupiah(2_800_000)).amount
        for day in (15, 16, 17)
    ]

    assert window.last_day == date(2026, 2, 16)
    assert fines == [700_000, 700_000, 0]


@given(days, st.integers(-3, 60), st.integers(1, 60), st.integers(0, 400_000_000))
def test_a_fine_agrees_with_a_slow_reading_of_the_law(
    reactivated_on: date, offset: int, arrears_months: int, tariff: int
) -> None:
    window = FineWindow.opened(reactivated_on, arrears_months=arrears_months)
    admitted_on = reactivated_on + timedelta(days=offset)

    fine = fine_of(window, admitted_on=admitted_on, estimated_tariff=Rupiah(tariff))

    if admitted_on not in [reactivated_on + timedelta(days=n) for n in range(46)]:
        assert fine.amount == 0
        assert fine.rate is None
        return
    per_cent = Fraction(5) if admitted_on.year >= 2021 else Fraction(5, 2)
    owed = sum(per_cent / 100 * tariff for _ in range(min(arrears_months, 12)))
    assert fine.amount == min(int(owed), 30_000_000)


@pytest.mark.parametrize(
    ("tariff", "amount"),
    [(60_000_000, 30_000_000), (50_000_000, 30_000_000), (49_999_999, 29_999_999)],
)
def test_a_fine_is_capped_and_rounded_down(tariff: int, amount: int) -> None:
    window = FineWindow.opened(date(2026, 3, 1), arrears_months=12)

    fine = fine_of(window, admitted_on=date(2026, 3, 2), estimated_tariff=Rupiah(tariff))

    assert fine.amount == amount


def test_the_rate_is_that_of_the_admission() -> None:
    window = FineWindow.opened(date(2020, 11, 20), arrears_months=4)
    tariff = Rupiah(3_716_000)

    old = fine_of(window, admitted_on=date(2020, 12, 31), estimated_tariff=tariff)
    new = fine_of(window, admitted_on=date(2021, 1, 2), estimated_tariff=tariff)

    assert (old.amount, new.amount) == (371_600, 743_200)
    assert new.rate is not None
    assert "Perpres 64/2020" in new.rate.legal_basis
