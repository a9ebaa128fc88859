"""The days that count for a claim: until when to submit, when it is complete, when to pay."""

from datetime import date, timedelta

from iuran.core.care.care_types import CareType
from iuran.core.claims.states import ClaimKind
from iuran.core.money import Rupiah, share_of
from iuran.core.months import months_after
from iuran.core.regulation.rates import parameter
from iuran.core.working_days import working_days_after


def expires_on(served_on: date) -> date:
    """Return the last day for submitting a claim: 6 months after the service [M], included [D]."""
    return months_after(served_on, parameter("claim_expiry_months", served_on))


def complete_by_silence_on(kind: ClaimKind, submitted_on: date) -> date | None:
    """Return the day on which silence makes a claim complete; None for a participant's own.

    Peraturan BPJS Kesehatan 7/2018 art. 30: a record of completeness within 10 calendar days after
    submission. It speaks of FKRTL; the first level is treated alike [D].
    """
    if kind is ClaimKind.REIMBURSEMENT:
        return None
    return submitted_on + timedelta(days=parameter("claim_completeness_days", submitted_on))


def pay_by(kind: ClaimKind, care_type: CareType, *, complete_on: date) -> date:
    """Return the last day of payment of a claim that was complete on a WIB date.

    Advanced care 15 calendar days (Peraturan BPJS Kesehatan 7/2018 art. 32), non-capitation of the
    first level 15 working days (art. 29), a participant's own 10 working days [D].
    """
    if kind is ClaimKind.REIMBURSEMENT:
        count = parameter("claim_payment_working_days_reimbursement", complete_on)
        return working_days_after(complete_on, count)
    if care_type.is_advanced:
        return complete_on + timedelta(days=parameter("claim_payment_days_advanced", complete_on))
    count = parameter("claim_payment_working_days_non_capitation", complete_on)
    return working_days_after(complete_on, count)


def months_late(pay_by_day: date, *, paid_on: date) -> int:
    """Return how many months of delay have begun: none on the last day of payment itself."""
    months = 0
    while months_after(pay_by_day, months) < paid_on:
        months += 1
    return months


def late_compensation(
    kind: ClaimKind, care_type: CareType, amount: Rupiah, *, pay_by_day: date, paid_on: date
) -> Rupiah:
    """Return what a first-level facility gets for late payment, in rupiah.

    1 % for each month late (Peraturan BPJS Kesehatan 7/2018 art. 29); a month that has begun counts
    whole [D]; rounded once, half up.
    """
    if kind is not ClaimKind.FACILITY or care_type.is_advanced:
        return Rupiah(0)
    per_mille = parameter("claim_late_per_mille", paid_on) * months_late(
        pay_by_day, paid_on=paid_on
    )
    return share_of(amount, per_mille=per_mille)
