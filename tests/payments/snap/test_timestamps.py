"""How far a signature's timestamp may stand from the time here."""

from datetime import timedelta

import pytest

from iuran.core.clock import StandingClock, SystemClock
from iuran.payments.snap.timestamps import is_fresh
from tests.moments import wib

NOW = wib(2026, 3, 1)
LEGAL = wib(2026, 9, 1)


@pytest.mark.parametrize(("seconds", "fresh"), [(300, True), (-300, True), (301, False)])
def test_a_timestamp_may_be_300_seconds_early_or_late(seconds: int, *, fresh: bool) -> None:
    real = StandingClock(NOW)

    instant = NOW + timedelta(seconds=seconds)

    assert fresh is is_fresh(instant, skew_seconds=300, real_clock=real, legal_clock=SystemClock())


def test_a_test_clock_counts_besides_real_time() -> None:
    clocks = {"real_clock": StandingClock(NOW), "legal_clock": StandingClock(LEGAL)}

    assert is_fresh(LEGAL, skew_seconds=300, **clocks)
    assert is_fresh(NOW, skew_seconds=300, **clocks)
    assert not is_fresh(LEGAL - timedelta(days=1), skew_seconds=300, **clocks)
