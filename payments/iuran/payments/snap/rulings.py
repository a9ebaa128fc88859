"""What a result of the domain is on the SNAP wire: each mapped once, here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from iuran.payments.quirks import RepeatAnswer
from iuran.payments.settlement import Outcome, Result, Verdict
from iuran.payments.snap.codes import Case, SnapRefusedError, reason

CASE_OF_RESULT: Mapping[Result, tuple[Case, str]] = {
    Result.SETTLED: (Case.SUCCESSFUL, ""),
    Result.VIRTUAL_ACCOUNT_UNKNOWN: (Case.INVALID_BILL, "Not Found"),
    Result.TOO_EARLY: (Case.INVALID_BILL, "Too Early"),
    Result.NOT_BILLED: (Case.INVALID_BILL, "Not Billed"),
    Result.EXPIRED: (Case.EXPIRED_BILL, ""),
    Result.ALREADY_PAID: (Case.PAID_BILL, ""),
    Result.AMOUNT_MISMATCH: (Case.INVALID_AMOUNT, ""),
    Result.BILL_CHANGED: (Case.INVALID_BILL, "Bill Changed"),
    # The next two are for channels that cannot refuse; service 25 never comes to them.
    Result.CREDITED: (Case.SUCCESSFUL, ""),
    Result.IN_SUSPENSE: (Case.SUCCESSFUL, ""),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """A row of the code table, and the status and reason beside it.

    They differ where a message is refused although its payment stands: `settled` tells of the
    payment, the case of the message.
    """

    case: Case
    named: str
    settled: bool
    reason: Mapping[str, str]

    def refused(self) -> SnapRefusedError:
        """Return it as a refusal."""
        return SnapRefusedError(self.case, self.named, reason=self.reason)


def ruling_of_result(result: Result, *, payable_from: date | None) -> Ruling:
    """Return what a result is when it is told for the first time; too early says from when."""
    case, named = CASE_OF_RESULT[result]
    told = case.reason(named)
    if result is Result.TOO_EARLY and payable_from is not None:
        day = f"{payable_from:%d-%m-%Y}"
        told = reason(f"First payment from {day}", f"Pembayaran pertama mulai {day}")
    elif result is Result.BILL_CHANGED:
        told = reason("Bill Changed", "Tagihan berubah")
    is_kept = case is Case.SUCCESSFUL
    return Ruling(case=case, named=named, settled=is_kept, reason=told)


def ruling_of_outcome(outcome: Outcome, repeat_answer: RepeatAnswer, *, is_own: bool) -> Ruling:
    """Return what a payment's message is told; `is_own` if we repeated it ourselves.

    A payment told again has the result of its first message. An advice (a new X-EXTERNAL-ID) hears
    the first answer: "paid bill" would make the bank refund what we have booked. The very same
    message hears 404xx18 with the first result, or the first answer where the channel wants it. An
    X-EXTERNAL-ID of another payment is a conflict, with what its own payment came to, if anything.
    """
    if outcome.result is None:
        return Ruling(case=Case.CONFLICT, named="", settled=False, reason=Case.CONFLICT.reason())
    payable_from = outcome.detail.get("payable_from")
    first = ruling_of_result(
        outcome.result,
        payable_from=None if payable_from is None else date.fromisoformat(payable_from),
    )
    if outcome.verdict is Verdict.EXTERNAL_ID_REUSED:
        return Ruling(case=Case.CONFLICT, named="", settled=first.settled, reason=first.reason)
    replays = is_own or repeat_answer is RepeatAnswer.REPLAY
    if outcome.verdict is Verdict.INCONSISTENT or (
        outcome.verdict is Verdict.REPEATED_MESSAGE and not replays
    ):
        return Ruling(
            case=Case.INCONSISTENT_REQUEST, named="", settled=first.settled, reason=first.reason
        )
    return first
