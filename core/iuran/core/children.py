"""Children: until when a newborn is registered in time, and until which age one is insured."""

from dataclasses import dataclass
from datetime import date, timedelta

from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import parameter
from iuran.core.segments import Segment

_BY_WORKER = frozenset({Segment.PPU_STATE, Segment.PPU_ENTERPRISE})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewbornRule:
    """What the day of registration means for a newborn of a self-paid family."""

    last_day: date
    in_time: bool
    first_month: CoverageMonth


def newborn_rule(birth_date: date, *, registered_on: date) -> NewbornRule:
    """Return the last day in time, and the first month that is billed; both WIB dates.

    Perpres 82/2018 art. 16: within 28 days, counted birth + 28 [D]; billed from the month of birth,
    also when late, but never more than 24 months besides the current one (art. 42(3)).
    """
    last_day = birth_date + timedelta(days=parameter("newborn_days", birth_date))
    oldest = CoverageMonth.of(registered_on).plus(-parameter("arrears_months_max", registered_on))
    return NewbornRule(
        last_day=last_day,
        in_time=registered_on <= last_day,
        first_month=max(CoverageMonth.of(birth_date), oldest),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildStatus:
    """What limits a child's cover by a worker, besides his age."""

    birth_date: date
    in_education: bool = False
    married: bool = False
    own_income: bool = False


def child_is_insured(child: ChildStatus, *, segment: Segment, on: date) -> bool:
    """Whether a child is still insured with the family on a WIB date.

    Perpres 82/2018 for workers: under 21, or under 25 in formal education, unmarried and without
    income. A family that pays for itself has no age limit: a child stays while he is on the card.
    """
    if segment not in _BY_WORKER:
        return True
    limit = "student_age_max" if child.in_education else "child_age_max"
    age = age_on(child.birth_date, on=on)
    return age < parameter(limit, on) and not child.married and not child.own_income


def age_on(birth_date: date, *, on: date) -> int:
    """Return the completed years; who was born on 29 February has his birthday on 1 March."""
    before_birthday = (on.month, on.day) < (birth_date.month, birth_date.day)
    return on.year - birth_date.year - int(before_birthday)
