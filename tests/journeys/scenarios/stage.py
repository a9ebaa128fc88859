"""The stage on which a branch of a scenario is played, through the public functions alone."""

from dataclasses import dataclass, field
from datetime import date, datetime, time

from iuran.core.bills import Bill, bills_of
from iuran.core.care.stay_fines import StayFine
from iuran.core.children import NewbornRule
from iuran.core.clock import WIB, wib_date
from iuran.core.database.pool import Pool
from iuran.core.employers.registration import Employer
from iuran.core.membership_history import StatusAt
from iuran.core.months import CoverageMonth
from iuran.core.segments import CareClass
from iuran.payments.billing import roll_months
from iuran.payments.employers import employer_payable_at
from iuran.payments.instalment_plans import InstalmentPlan
from iuran.payments.settlement import Outcome, PaymentInstruction
from iuran.payments.virtual_accounts import Payable, payable_at
from tests.builders import an_instruction, paid
from tests.journeys.scenarios.facts import InClass
from tests.journeys.scenarios.scenario import Branch
from tests.payments.payers import Worker


def at_nine(day: date) -> datetime:
    return datetime.combine(day, time(9), WIB)


@dataclass
class Household:
    """A family that pays for itself, and the number under which it does."""

    family_id: int
    membership_id: int
    people: list[int]
    customer_number: str


@dataclass
class Workplace:
    employer: Employer
    number: str
    worker: Worker


@dataclass
class Stage:
    """One branch, where its time stands, and what has come of it."""

    pool: Pool
    database_url: str
    branch: Branch
    channel: int
    now: datetime
    household: Household | None = None
    workplace: Workplace | None = None
    asked: list[tuple[datetime, Payable]] = field(default_factory=list[tuple[datetime, Payable]])
    outcomes: list[Outcome] = field(default_factory=list[Outcome])
    bills_before: tuple[Bill, ...] = ()
    instructions: dict[str, PaymentInstruction] = field(
        default_factory=dict[str, PaymentInstruction]
    )
    fines: list[StayFine] = field(default_factory=list[StayFine])
    fined_on: list[date] = field(default_factory=list[date])
    statuses: list[StatusAt] = field(default_factory=list[StatusAt])
    refusals: list[str] = field(default_factory=list[str])
    plan: InstalmentPlan | None = None
    newborn: NewbornRule | None = None
    baby: int | None = None
    class_from: CoverageMonth | None = None
    paid_at: datetime | None = None
    last_payment_id_of_past: int = 0
    cleared_in_past: int = 0

    @property
    def home(self) -> Household:
        assert self.household is not None, "this story has no family that pays for itself"
        return self.household

    @property
    def payer_is_employer(self) -> bool:
        return self.household is None and self.workplace is not None

    @property
    def patient(self) -> tuple[int, int]:
        """The family and the person whose care it is."""
        if self.payer_is_employer:
            assert self.workplace is not None
            family = self.workplace.worker.family
            return family.family_id, family.participants[0].participant_id
        return self.home.family_id, self.home.people[0]

    async def advance(self, at: datetime) -> None:
        """Let time go on; the monthly run comes with the first instant of a month."""
        month = CoverageMonth.of(wib_date(at))
        if month > CoverageMonth.of(wib_date(self.now)):
            await self.roll(datetime.combine(month.first_day, time(0), WIB))
        self.now = max(self.now, at)

    async def roll(self, at: datetime) -> None:
        async for _ in roll_months(self.pool, at=at):
            pass

    async def ask(self, at: datetime) -> Payable:
        """Ask as a bank would; the bills as they are then stay to be looked at."""
        await self.advance(at)
        async with self.pool.acquire() as connection, connection.transaction():
            if self.payer_is_employer:
                assert self.workplace is not None
                number = self.workplace.number
                found = await employer_payable_at(connection, number, at=at)
                payable = await payable_at(connection, number, at=at)
                assert payable.amount == found.amount
            else:
                number = self.home.customer_number
                payable = await payable_at(connection, number, at=at)
                self.bills_before = await bills_of(
                    connection, self.home.family_id, today=wib_date(at), limit=1000
                )
        self.asked.append((at, payable))
        return payable

    async def pay(
        self, at: datetime, amount: int | None = None, *, reference: str | None = None
    ) -> Outcome:
        """Pay what is asked for, or another sum."""
        payable = await self.ask(at)
        instruction = an_instruction(
            self.channel,
            self.number_to_pay,
            payable.amount if amount is None else amount,
            reference=reference,
        )
        outcome = await paid(self.pool, instruction, at=at)
        self.outcomes.append(outcome)
        if outcome.is_settled:
            self.paid_at = at
        return outcome

    @property
    def number_to_pay(self) -> str:
        if self.payer_is_employer:
            assert self.workplace is not None
            return self.workplace.number
        return self.home.customer_number

    @property
    def care_class(self) -> CareClass:
        told = self.branch.first(InClass)
        return CareClass.III if told is None else told.care_class
