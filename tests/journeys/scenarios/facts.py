"""What the sentences of a scenario can say: each a fact of the past, or a deed to be played."""

from dataclasses import dataclass
from datetime import date, datetime

from iuran.core.care.care_types import CareType
from iuran.core.months import CoverageMonth
from iuran.core.segments import CareClass


@dataclass(frozen=True, slots=True)
class People:
    count: int


@dataclass(frozen=True, slots=True)
class InClass:
    care_class: CareClass
    since: date | None = None


@dataclass(frozen=True, slots=True)
class Issued:
    """The day of the virtual account: the family is new."""

    on: date


@dataclass(frozen=True, slots=True)
class LastPaid:
    """The last month that was paid before the story."""

    month: CoverageMonth


@dataclass(frozen=True, slots=True)
class Unpaid:
    first: CoverageMonth
    last: CoverageMonth


@dataclass(frozen=True, slots=True)
class InArrears:
    months: int
    year: int | None = None


@dataclass(frozen=True, slots=True)
class PaidUp:
    """Every month that has closed is paid."""


@dataclass(frozen=True, slots=True)
class Billed:
    """What is billed for a month, or now; the amount is to be found so."""

    month: CoverageMonth | None
    amount: int | None


@dataclass(frozen=True, slots=True)
class Fee:
    amount: int


@dataclass(frozen=True, slots=True)
class Estimate:
    amount: int


@dataclass(frozen=True, slots=True)
class Certified:
    """A letter of inability."""


@dataclass(frozen=True, slots=True)
class Wage:
    amount: int


@dataclass(frozen=True, slots=True)
class WorkersClass:
    care_class: CareClass


@dataclass(frozen=True, slots=True)
class WithSpouse:
    pass


@dataclass(frozen=True, slots=True)
class WithChildren:
    count: int


@dataclass(frozen=True, slots=True)
class WithParents:
    count: int


@dataclass(frozen=True, slots=True)
class EmployerUnpaid:
    months: tuple[CoverageMonth, ...]


@dataclass(frozen=True, slots=True)
class EmployerPaidTo:
    month: CoverageMonth


@dataclass(frozen=True, slots=True)
class EmploymentOver:
    first_day: date


@dataclass(frozen=True, slots=True)
class PaysAll:
    """Asks what is to be paid and pays it."""

    at: datetime


@dataclass(frozen=True, slots=True)
class PaysIn:
    """Pays some day of a month, for every month since the former payer stopped or for it alone."""

    month: CoverageMonth
    catches_up: bool


@dataclass(frozen=True, slots=True)
class PaidEach:
    amount: int
    days: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class PaidAhead:
    amount: int
    on: date
    months: int


@dataclass(frozen=True, slots=True)
class Ruling:
    """A court takes back a rate at which months were paid."""

    on: date


@dataclass(frozen=True, slots=True)
class Inquiry:
    at: datetime
    amount: int


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    at: datetime
    amount: int


@dataclass(frozen=True, slots=True)
class BankFile:
    arrives_on: date
    debited_at: datetime


@dataclass(frozen=True, slots=True)
class Collected:
    """Money that a channel has taken already; without an amount, what the bill asked for."""

    reference: str
    at: datetime
    amount: int | None


@dataclass(frozen=True, slots=True)
class SentAgain:
    reference: str


@dataclass(frozen=True, slots=True)
class Sends:
    amount: int


@dataclass(frozen=True, slots=True)
class BillsMade:
    month: CoverageMonth


@dataclass(frozen=True, slots=True)
class LooksAt:
    at: datetime


@dataclass(frozen=True, slots=True)
class Born:
    on: date


@dataclass(frozen=True, slots=True)
class BabyRegistered:
    on: date
    day: int | None


@dataclass(frozen=True, slots=True)
class AsksForClass:
    care_class: CareClass
    on: date
    months_unpaid: int


@dataclass(frozen=True, slots=True)
class RegistersPlan:
    on: date


@dataclass(frozen=True, slots=True)
class TakesPlan:
    """Without a number of steps: as many as are allowed."""

    steps: int | None


@dataclass(frozen=True, slots=True)
class LastInstalment:
    on: date


@dataclass(frozen=True, slots=True)
class Dies:
    on: date
    reported_on: date


@dataclass(frozen=True, slots=True)
class MovesToState:
    on: date


@dataclass(frozen=True, slots=True)
class Admitted:
    """Care that begins; `day` is the number that the sentence gives to it."""

    on: date
    care_type: CareType = CareType.RITL
    estimate: int | None = None
    day: int | None = None


Fact = (
    People
    | InClass
    | Issued
    | LastPaid
    | Unpaid
    | InArrears
    | PaidUp
    | Billed
    | Fee
    | Estimate
    | Certified
    | Wage
    | WorkersClass
    | WithSpouse
    | WithChildren
    | WithParents
    | EmployerUnpaid
    | EmployerPaidTo
    | EmploymentOver
    | PaysAll
    | PaysIn
    | PaidEach
    | PaidAhead
    | Ruling
    | Inquiry
    | PaymentRequest
    | BankFile
    | Collected
    | SentAgain
    | Sends
    | BillsMade
    | LooksAt
    | Born
    | BabyRegistered
    | AsksForClass
    | RegistersPlan
    | TakesPlan
    | LastInstalment
    | Dies
    | MovesToState
    | Admitted
)
