"""What came before a story: who is registered, employed and paid for when it begins."""

from datetime import date, timedelta

from iuran.core.database.pool import Pool
from iuran.core.months import CoverageMonth
from iuran.payments.ledger import balances
from iuran.payments.virtual_accounts import register_family
from tests.builders import a_channel, a_family
from tests.care_builders import facilities
from tests.conftest import clear
from tests.journeys.scenarios.facts import (
    AsksForClass,
    BabyRegistered,
    Billed,
    EmployerPaidTo,
    EmployerUnpaid,
    Fact,
    InArrears,
    InClass,
    Issued,
    LastPaid,
    PaidAhead,
    PaidEach,
    PaidUp,
    PaysAll,
    People,
    RegistersPlan,
    Unpaid,
    Wage,
    WithChildren,
    WithParents,
    WithSpouse,
    WorkersClass,
)
from tests.journeys.scenarios.grammar import FIRST_DAY
from tests.journeys.scenarios.scenario import Branch
from tests.journeys.scenarios.stage import Household, Stage, Workplace, at_nine
from tests.payments.payers import an_employer, employer_pays, hired

REGION = "9901"
A_WAGE = 6_000_000
DAYS_TO_FIRST_PAYMENT = 14


async def begin(pool: Pool, database_url: str, branch: Branch) -> Stage:
    """Set the stage for a branch in an empty house, up to where its deeds begin."""
    await clear(database_url)
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
        await facilities(connection)
    stage = Stage(
        pool=pool,
        database_url=database_url,
        branch=branch,
        channel=channel,
        now=at_nine(date(2014, 1, 1)),
    )
    is_employed = branch.tells(Wage) or branch.tells(EmployerPaidTo)
    if not is_employed or (branch.tells(People) and not branch.tells(EmployerPaidTo)):
        await _a_family_that_pays(stage)
    if is_employed:
        await _a_worker(stage)
    stage.asked.clear()
    stage.outcomes.clear()
    async with pool.acquire() as connection:
        stage.last_payment_id_of_past = int(
            await connection.fetchval("SELECT coalesce(max(payment_id), 0) FROM payment")
        )
        cleared = {one.account: one.amount for one in await balances(connection)}
        stage.cleared_in_past = cleared["CHANNEL_CLEARING"]
    return stage


async def _a_family_that_pays(stage: Stage) -> None:
    branch = stage.branch
    issued, each, told = branch.first(Issued), branch.first(PaidEach), branch.first(InClass)
    if issued is not None:
        await _registers(stage, issued.on)
        return
    if each is not None:
        await _registers(stage, each.days[0] - timedelta(days=DAYS_TO_FIRST_PAYMENT))
        return
    last = last_paid_month(branch)
    since = None if told is None else told.since
    registered_on = since or last.first_day.replace(day=20) - timedelta(DAYS_TO_FIRST_PAYMENT)
    await _registers(stage, registered_on)
    first_paid_on = registered_on + timedelta(days=DAYS_TO_FIRST_PAYMENT)
    await stage.pay(at_nine(first_paid_on))
    month = CoverageMonth.of(first_paid_on).plus(1)
    while month <= last:
        await stage.pay(at_nine(month.first_day.replace(day=5)))
        month = month.plus(1)


async def _registers(stage: Stage, on: date) -> None:
    people = stage.branch.first(People)
    family = a_family(members=1 if people is None else people.count, care_class=stage.care_class)
    stage.now = at_nine(on)
    async with stage.pool.acquire() as connection, connection.transaction():
        registered, accounts = await register_family(connection, family, at=stage.now)
    stage.household = Household(
        family_id=registered.family_id,
        membership_id=registered.membership_id,
        people=[participant.participant_id for participant in registered.participants],
        customer_number=accounts[0].customer_number,
    )


def last_paid_month(branch: Branch) -> CoverageMonth:
    """The last month that was paid before what the story tells; raises ValueError if it is mute."""
    found = [
        month for fact in (*branch.given, *branch.when) for month in _months_paid(fact, branch)
    ]
    if not found:
        raise ValueError("the story does not say what was paid before it")
    return found[0]


def _months_paid(fact: Fact, branch: Branch) -> list[CoverageMonth]:
    found: CoverageMonth | None = None
    match fact:
        case LastPaid(month):
            found = month
        case Unpaid(first, _):
            found = first.plus(-1)
        case InArrears(months, year):
            found = CoverageMonth.of(_reactivation_day(branch)).plus(-months - 1)
            assert year is None or found == CoverageMonth(year - 1, 12), fact
        case PaidAhead(on=on):
            found = CoverageMonth.of(on).plus(-1)
        case PaidUp():
            found = CoverageMonth.of(_first_day(branch)).plus(-1 - _left_unpaid(branch))
        case Billed(month, _):
            found = (month or CoverageMonth.of(FIRST_DAY)).plus(-1)
        case _:
            pass
    return [] if found is None else [found]


def _reactivation_day(branch: Branch) -> date:
    pays, registers = branch.first(PaysAll), branch.first(RegistersPlan)
    if registers is not None:
        return registers.on
    return FIRST_DAY if pays is None else pays.at.date()


def _first_day(branch: Branch) -> date:
    return next(fact.on for fact in branch.when if isinstance(fact, AsksForClass | BabyRegistered))


def _left_unpaid(branch: Branch) -> int:
    asks = branch.first(AsksForClass)
    return 0 if asks is None else asks.months_unpaid


async def _a_worker(stage: Stage) -> None:
    branch, pool = stage.branch, stage.pool
    first_month, paid_to = _employed_months(branch)
    at = at_nine(first_month.first_day)
    stage.now = max(stage.now, at)
    employer, number = await an_employer(pool, region=REGION, at=at)
    wage, people = branch.first(Wage), branch.first(People)
    parents = sum(fact.count for fact in branch.all_of(WithParents))
    family = 1 + len(branch.all_of(WithSpouse))
    family += sum(fact.count for fact in branch.all_of(WithChildren)) + parents
    if people is not None and branch.tells(EmployerPaidTo):
        family = people.count
    worker = await hired(
        pool,
        employer,
        wage=A_WAGE if wage is None else wage.amount,
        members=family,
        parents=parents,
        at=at,
    )
    told = branch.first(WorkersClass)
    assert told is None or worker.care_class is told.care_class
    stage.workplace = Workplace(employer=employer, number=number, worker=worker)
    month = first_month
    while paid_to is not None and month <= paid_to:
        await stage.advance(at_nine(month.first_day.replace(day=9)))
        outcome = await employer_pays(pool, stage.channel, number, at=stage.now)
        assert outcome.is_settled
        month = month.plus(1)


def _employed_months(branch: Branch) -> tuple[CoverageMonth, CoverageMonth | None]:
    """From which month a worker is employed, and to which one the employer has paid."""
    unpaid, paid_to = branch.first(EmployerUnpaid), branch.first(EmployerPaidTo)
    if unpaid is not None:
        return unpaid.months[0].plus(-1), unpaid.months[0].plus(-1)
    if paid_to is not None:
        return paid_to.month.plus(-1), paid_to.month
    billed = branch.first(Billed)
    return CoverageMonth.of(
        FIRST_DAY
    ) if billed is None or billed.month is None else billed.month, None
