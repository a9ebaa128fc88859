"""What a field of `expected` asks for, answered by what the public functions say of a story.

An observer returns all that the story says to a field, and nothing where it says nothing: a branch
that was refused has no bill. A field that no observer knows is an error.
"""

import re
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from unittest.mock import patch

from iuran.core import fines as fine_rules
from iuran.core.bills import Bill, BillState, bills_of, lines_of
from iuran.core.clock import wib_date
from iuran.core.employers.bills import (
    EmployeeContribution,
    EmployerBill,
    contributions_of,
    employer_bills_of,
)
from iuran.core.fines import FineWindow, windows_of
from iuran.core.instalments import steps_max
from iuran.core.membership import events_of
from iuran.core.membership_history import was_covered
from iuran.core.money import Rupiah, share_of_rounded_down
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import parameter
from iuran.payments.credit import credit_entries_of, credit_of
from iuran.payments.ledger import balances
from iuran.payments.settlement import Result, Verdict
from tests.journeys.scenarios.facts import Admitted, Billed, Fee, LooksAt, RegistersPlan
from tests.journeys.scenarios.grammar import MONTH_NAMES
from tests.journeys.scenarios.scenario import Expected
from tests.journeys.scenarios.stage import Stage, at_nine

Said = Sequence[Expected]
Observer = Callable[[Stage, re.Match[str]], Awaitable[Said]]
_OBSERVERS: list[tuple[re.Pattern[str], Observer]] = []

RESULTS: Mapping[Result, str] = {
    Result.SETTLED: "PAID",
    Result.AMOUNT_MISMATCH: "REJECT_AMOUNT",
    Result.BILL_CHANGED: "REJECT_BILL_CHANGED",
    Result.TOO_EARLY: "REJECT_TOO_EARLY",
    Result.EXPIRED: "REJECT_EXPIRED",
}
_MONTHS = {name.lower(): number for number, name in enumerate(MONTH_NAMES, 1)}
_SHORT = {name[:3]: number for name, number in _MONTHS.items()}
_WAIT_DAYS_MAX = 60
_HALF_A_YEAR = 6
BRANCHES = frozenset({*"abcdefgh", "online", "late_file"})

SELECT_VALUE_DATES = """
    SELECT value_date FROM payment WHERE family_id = $1 AND payment_id > $2 ORDER BY payment_id
"""


class UnknownFieldError(Exception):
    """No observer knows a field of `expected`."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What one branch says to the fields that concern it."""

    names: frozenset[str]
    said: Mapping[str, Said]
    headline: Expected


async def witness(expected: Mapping[str, Expected], stage: Stage) -> Statement:
    """Ask a branch, while its house stands, for every field that concerns it."""
    said: dict[str, Said] = {}
    headline: Expected = None
    for name, wanted in expected.items():
        if name in stage.branch.names and isinstance(wanted, Mapping):
            said.update((await witness(wanted, stage)).said)
        elif name in stage.branch.names:
            headline = await _headline(stage, wanted)
        elif not _is_of_another_branch(name, wanted) and (
            not isinstance(wanted, Mapping) or stage.branch.names & wanted.keys()
        ):
            said[name] = await observe(stage, name)
    return Statement(stage.branch.names, said, headline)


def _is_of_another_branch(name: str, wanted: Expected) -> bool:
    return name in BRANCHES or (isinstance(wanted, Mapping) and not wanted.keys() & BRANCHES)


def compare(expected: Mapping[str, Expected], told: Sequence[Statement]) -> None:
    """Assert every field; one that speaks of a branch is asked of that branch alone."""
    for name, wanted in expected.items():
        of_branch = [one for one in told if name in one.names]
        if name in BRANCHES:
            assert of_branch, f"there is no branch {name}"
            if isinstance(wanted, Mapping):
                compare(wanted, of_branch)
            else:
                assert of_branch[0].headline == wanted, name
        elif isinstance(wanted, Mapping):
            for branch, part in wanted.items():
                compare({name: part}, [one for one in told if branch in one.names])
        else:
            _compare_field(name, wanted, told)


def _compare_field(name: str, wanted: Expected, told: Sequence[Statement]) -> None:
    said = [value for one in told for value in one.said[name]]
    if isinstance(wanted, Sequence) and not isinstance(wanted, str):
        assert said == list(wanted), name
        return
    assert said, f"the story says nothing of {name}"
    assert said[0] == wanted, (name, said)


async def observe(stage: Stage, name: str) -> Said:
    """All that a branch says to a field; raises UnknownFieldError."""
    for pattern, observer in _OBSERVERS:
        match = pattern.fullmatch(name)
        if match is not None:
            return await observer(stage, match)
    raise UnknownFieldError(name)


async def _headline(stage: Stage, wanted: Expected) -> Expected:
    """What a branch came to in one word: its verdict, its fine, or what was paid."""
    if isinstance(wanted, str):
        result = stage.outcomes[-1].result
        assert result is not None
        return RESULTS[result]
    if stage.fines:
        return stage.fines[-1].fine.amount
    return stage.outcomes[-1].detail.get("amount")


def _observes(pattern: str) -> Callable[[Observer], Observer]:
    def keep(observer: Observer) -> Observer:
        _OBSERVERS.append((re.compile(pattern), observer))
        return observer

    return keep


async def _windows(stage: Stage) -> Sequence[FineWindow]:
    """The windows of the story's family, the oldest first."""
    async with stage.pool.acquire() as connection:
        return tuple(reversed(await windows_of(connection, stage.patient[0])))


async def _bills(stage: Stage) -> Sequence[Bill]:
    async with stage.pool.acquire() as connection:
        return await bills_of(
            connection, stage.home.family_id, today=wib_date(stage.now), limit=1000
        )


async def _bill_of(stage: Stage, month: CoverageMonth) -> Sequence[Bill]:
    return [bill for bill in await _bills(stage) if bill.coverage_month == month]


def _told_month(stage: Stage) -> CoverageMonth:
    told = stage.branch.first(Billed)
    assert told is not None
    assert told.month is not None
    return told.month


async def _employers_bill(stage: Stage) -> tuple[EmployerBill, EmployeeContribution]:
    assert stage.workplace is not None
    employer_id, month = stage.workplace.employer.employer_id, _told_month(stage)
    async with stage.pool.acquire() as connection:
        (bill,) = await employer_bills_of(connection, employer_id, today=wib_date(stage.now))
        (line,) = await contributions_of(connection, employer_id, month)
    assert bill.coverage_month == line.coverage_month == month
    return bill, line


def _settled(stage: Stage) -> Sequence[int]:
    return [one.detail.get("amount", 0) for one in stage.outcomes if one.is_settled]


@contextmanager
def _setting(name: str, value: int) -> Generator[None]:
    """Another value of a setting where fines are reckoned."""

    def read(asked: str, day: object) -> int:
        assert not isinstance(day, str)
        return value if asked == name else _read(asked, day)

    _read: Callable[..., int] = parameter
    with patch.object(fine_rules, "parameter", read):
        yield


@_observes("earliest")
async def _earliest(stage: Stage, _: re.Match[str]) -> Said:
    return [p.payable_from.isoformat() for _, p in stage.asked if p.payable_from]


@_observes("latest")
async def _latest(stage: Stage, _: re.Match[str]) -> Said:
    return [p.payable_until.isoformat() for _, p in stage.asked if p.payable_until]


@_observes("bill|paid")
async def _bill(stage: Stage, _: re.Match[str]) -> Said:
    return _settled(stage)


@_observes("next_due")
async def _next_due(stage: Stage, _: re.Match[str]) -> Said:
    if not _settled(stage):
        return []
    await stage.advance(at_nine(CoverageMonth.of(wib_date(stage.now)).plus(1).first_day))
    return [(await _bills(stage))[0].due_date.isoformat()]


@_observes("participant")
async def _participant(stage: Stage, _: re.Match[str]) -> Said:
    return [bill.amount for bill in await _bill_of(stage, _told_month(stage))]


@_observes("central")
async def _central(stage: Stage, _: re.Match[str]) -> Said:
    return [bill.central_subsidy for bill in await _bill_of(stage, _told_month(stage))]


@_observes("regional")
async def _regional(stage: Stage, _: re.Match[str]) -> Said:
    return [bill.regional_subsidy for bill in await _bill_of(stage, _told_month(stage))]


@_observes("government")
async def _government(stage: Stage, _: re.Match[str]) -> Said:
    (bill,) = await _bill_of(stage, _told_month(stage))
    return [bill.central_subsidy + bill.regional_subsidy]


@_observes("employer")
async def _employer(stage: Stage, _: re.Match[str]) -> Said:
    return [(await _employers_bill(stage))[1].employer_share]


@_observes("worker")
async def _worker(stage: Stage, _: re.Match[str]) -> Said:
    return [(await _employers_bill(stage))[1].worker_share]


@_observes("additional_family")
async def _additional_family(stage: Stage, _: re.Match[str]) -> Said:
    return [(await _employers_bill(stage))[1].additional_amount]


@_observes("ppu_total")
async def _ppu_total(stage: Stage, _: re.Match[str]) -> Said:
    bill, line = await _employers_bill(stage)
    assert line.contribution().total == bill.amount
    return [bill.amount]


@_observes("arrears_months|billed_arrears")
async def _arrears_months(stage: Stage, _: re.Match[str]) -> Said:
    return [payable.arrears_months for _, payable in stage.asked]


@_observes("unpaid_months")
async def _unpaid_months(stage: Stage, _: re.Match[str]) -> Said:
    at, _payable = stage.asked[-1]
    month = CoverageMonth.of(wib_date(at))
    owed = [b for b in stage.bills_before if b.state is not BillState.PAID]
    return [len([bill for bill in owed if bill.coverage_month < month])]


@_observes("not_billed")
async def _not_billed(stage: Stage, _: re.Match[str]) -> Said:
    bills = await _bills(stage)
    return [len([bill for bill in bills if bill.state is BillState.NOT_BILLABLE])]


@_observes("credit|credit_after")
async def _credit(stage: Stage, _: re.Match[str]) -> Said:
    home = stage.home
    async with stage.pool.acquire() as connection:
        return [await credit_of(connection, home.family_id, home.membership_id)]


@_observes(r"([a-z]{3,9})_due")
async def _due_of_month(stage: Stage, match: re.Match[str]) -> Said:
    here = CoverageMonth.of(wib_date(stage.now))
    number = next(n for name, n in _MONTHS.items() if name.startswith(match[1]))
    month = here.plus((number - here.month) % 12)
    return [(await stage.ask(at_nine(month.first_day))).amount]


@_observes(r"refund_([a-z]{3})_([a-z]{3})")
async def _refund_of(stage: Stage, match: re.Match[str]) -> Said:
    home, first, last = stage.home, _SHORT[match[1]], _SHORT[match[2]]
    async with stage.pool.acquire() as connection:
        entries = await credit_entries_of(connection, home.family_id, home.membership_id)
    return [
        sum(
            entry.amount
            for entry in entries
            if entry.coverage_month is not None
            and first <= entry.coverage_month.month <= last
            and entry.amount > 0
        )
    ]


@_observes("window|window_last_day|last_day")
async def _window(stage: Stage, _: re.Match[str]) -> Said:
    windows = await _windows(stage)
    return [windows[-1].last_day.isoformat() if windows else None]


@_observes("(first|second|third)_last_day")
async def _window_in_order(stage: Stage, match: re.Match[str]) -> Said:
    windows = await _windows(stage)
    return [windows[("first", "second", "third").index(match[1])].last_day.isoformat()]


@_observes("reactivated_on")
async def _reactivated_on(stage: Stage, _: re.Match[str]) -> Said:
    async with stage.pool.acquire() as connection:
        newest = (await events_of(connection, stage.patient[0]))[0]
    assert newest.state.value == "ACTIVE"
    assert wib_date(newest.effective_at) == (await _windows(stage))[-1].first_day
    return [wib_date(newest.effective_at).isoformat()]


@_observes("alternative_last_day")
async def _alternative_last_day(stage: Stage, _: re.Match[str]) -> Said:
    window = (await _windows(stage))[-1]
    with _setting("fine_window_activation_day", 1):
        other = FineWindow.opened(window.first_day, arrears_months=window.arrears_months)
    return [other.last_day.isoformat()]


@_observes("convention")
async def _convention(stage: Stage, _: re.Match[str]) -> Said:
    day = parameter("fine_window_activation_day", wib_date(stage.now))
    return [f"activation date = day {day}"]


@_observes("day")
async def _day(stage: Stage, _: re.Match[str]) -> Said:
    first_day = (await _windows(stage))[-1].first_day
    return [(on - first_day).days for on in stage.fined_on]


@_observes("fine")
async def _fine(stage: Stage, _: re.Match[str]) -> Said:
    amounts = {one.fine.amount for one in stage.fines if one.exemption is None}
    assert len(amounts) <= 1, "several fines are asked for as `fines`"
    return list(amounts)


@_observes("fines")
async def _fines(stage: Stage, _: re.Match[str]) -> Said:
    return [one.fine.amount for one in stage.fines]


@_observes("reasons")
async def _reasons(stage: Stage, _: re.Match[str]) -> Said:
    return [one.exemption.value for one in stage.fines if one.exemption is not None]


@_observes("total")
async def _total(stage: Stage, _: re.Match[str]) -> Said:
    return [sum(one.fine.amount for one in stage.fines)]


@_observes("debtor")
async def _debtor(stage: Stage, _: re.Match[str]) -> Said:
    return [one.debtor.value for one in stage.fines]


@_observes("wrong_answer")
async def _wrong_answer(stage: Stage, _: re.Match[str]) -> Said:
    """The fine without the cap of months: never the one that was found."""
    found, estimates = stage.fines[-1], [f.estimate for f in stage.branch.all_of(Admitted)]
    assert found.fine.rate is not None
    assert found.window is not None
    whole = Rupiah((estimates[-1] or 0) * found.window.arrears_months)
    wrong = share_of_rounded_down(whole, per_mille=found.fine.rate.per_mille)
    assert wrong != found.fine.amount
    return [wrong]


@_observes("value_date")
async def _value_date(stage: Stage, _: re.Match[str]) -> Said:
    async with stage.pool.acquire() as connection:
        rows = await connection.fetch(
            SELECT_VALUE_DATES, stage.home.family_id, stage.last_payment_id_of_past
        )
    return [row["value_date"].isoformat() for row in rows]


@_observes("postings")
async def _postings(stage: Stage, _: re.Match[str]) -> Said:
    async with stage.pool.acquire() as connection:
        rows = await connection.fetch(
            SELECT_VALUE_DATES, stage.home.family_id, stage.last_payment_id_of_past
        )
    assert len(rows) == len([one for one in stage.outcomes if one.verdict is Verdict.NEW])
    return [len(rows)]


@_observes("suspension_reversed")
async def _suspension_reversed(stage: Stage, _: re.Match[str]) -> Said:
    async with stage.pool.acquire() as connection:
        causes = [event.cause for event in await events_of(connection, stage.home.family_id)]
        covered = await was_covered(connection, *stage.patient, at=stage.now)
    return ["MONTH_CLOSED_UNPAID" in causes and "SUSPENSION_UNDONE" in causes and covered]


@_observes(r"bill_([a-z]{3})_(\d+)")
async def _bill_on(stage: Stage, match: re.Match[str]) -> Said:
    day = (_SHORT[match[1]], int(match[2]))
    looked = {fact.at for fact in stage.branch.all_of(LooksAt)}
    return [
        payable.amount for at, payable in stage.asked if at in looked and (at.month, at.day) == day
    ]


@_observes(r"last_day_(\d+)")
async def _newborn_last_day(stage: Stage, match: re.Match[str]) -> Said:
    assert stage.newborn is not None
    assert parameter("newborn_days", wib_date(stage.now)) == int(match[1])
    return [stage.newborn.last_day.isoformat()]


@_observes("baby")
async def _baby(stage: Stage, _: re.Match[str]) -> Said:
    bill = (await _bills(stage))[0]
    async with stage.pool.acquire() as connection:
        lines = await lines_of(connection, stage.home.family_id, bill)
    return [sum(line.amount for line in lines if line.participant_id == stage.baby)]


@_observes("family_bill")
async def _family_bill(stage: Stage, _: re.Match[str]) -> Said:
    assert (await _bills(stage))[0].amount == stage.asked[-1][1].amount
    return [stage.asked[-1][1].amount]


@_observes("effective_from")
async def _effective_from(stage: Stage, _: re.Match[str]) -> Said:
    return [] if stage.class_from is None else [stage.class_from.first_day.isoformat()]


@_observes("wait_days")
async def _wait_days(stage: Stage, _: re.Match[str]) -> Said:
    """Days from the payment to the first on which the family is covered."""
    assert stage.paid_at is not None
    async with stage.pool.acquire() as connection:
        for days in range(_WAIT_DAYS_MAX):
            at = stage.paid_at + timedelta(days=days)
            if await was_covered(connection, *stage.patient, at=at):
                return [days]
    return []


@_observes("max_tenor")
async def _max_tenor(stage: Stage, _: re.Match[str]) -> Said:
    registers = stage.branch.first(RegistersPlan)
    assert registers is not None
    assert stage.plan is not None
    return [steps_max(arrears_months=stage.plan.arrears_months, on=registers.on)]


def _arrears_of_plan(stage: Stage) -> int:
    registers = stage.branch.first(RegistersPlan)
    assert registers is not None
    month = CoverageMonth.of(registers.on)
    assert stage.plan is not None
    lines = [b for b in stage.bills_before if b.coverage_month < month]
    newest = sorted(lines, key=lambda bill: bill.coverage_month)[-stage.plan.arrears_months :]
    return sum(bill.amount for bill in newest)


@_observes("arrears")
async def _arrears(stage: Stage, _: re.Match[str]) -> Said:
    return [_arrears_of_plan(stage)]


@_observes("current")
async def _current(stage: Stage, _: re.Match[str]) -> Said:
    return [sum(_settled(stage)) - _arrears_of_plan(stage)]


@_observes("instalment")
async def _instalment(stage: Stage, _: re.Match[str]) -> Said:
    return _settled(stage)


@_observes("results")
async def _results(stage: Stage, _: re.Match[str]) -> Said:
    return [RESULTS[one.result] for one in stage.outcomes if one.result is not None]


async def _cleared(stage: Stage) -> int:
    """What a channel owes us for the payments of the story."""
    async with stage.pool.acquire() as connection:
        found = {one.account: one.amount for one in await balances(connection)}
    return found["CHANNEL_CLEARING"] - stage.cleared_in_past


@_observes("settlement")
async def _settlement(stage: Stage, _: re.Match[str]) -> Said:
    return [await _cleared(stage)] if _settled(stage) else []


@_observes("customer_debit")
async def _customer_debit(stage: Stage, _: re.Match[str]) -> Said:
    fee = stage.branch.first(Fee)
    assert fee is not None
    return [await _cleared(stage) + fee.amount] if _settled(stage) else []


@_observes("|".join(_MONTHS))
async def _bill_of_a_month(stage: Stage, match: re.Match[str]) -> Said:
    """The month of a name that is nearest: what it was billed, or if told, what became of it."""
    here = CoverageMonth.of(wib_date(stage.now)).plus(-_HALF_A_YEAR)
    month = here.plus((_MONTHS[match[0]] - here.month) % 12)
    told = stage.branch.first(Billed)
    return [
        bill.amount if told is None else bill.state.value for bill in await _bill_of(stage, month)
    ]
