"""A receipt as data: what was paid, for what, and what became of it; masked for who sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar, LiteralString, Self, TypedDict

from iuran.core.clock import WIB
from iuran.core.database.pool import Connection
from iuran.core.errors import DomainError
from iuran.core.identifiers import mask, mask_name
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.payments.receipts.keys import (
    AnyReceiptKey,
    EmployerReceiptKey,
    GovernmentReceiptKey,
    Payer,
    ReceiptKey,
)

SELECT_FACTS: LiteralString = """
    SELECT receipt_facts($1, $2)
"""

SELECT_EMPLOYER_FACTS: LiteralString = """
    SELECT employer_receipt_facts($1, $2)
"""

SELECT_GOVERNMENT_FACTS: LiteralString = """
    SELECT government_receipt_facts($1, $2)
"""

SELECT_PAYMENT: LiteralString = """
    SELECT p.family_id, e.employer_id, coalesce(p.payment_id, e.payment_id) AS payment_id
    FROM payment_reference AS r
    JOIN channel AS c ON c.channel_id = r.channel_id AND c.code = $1
    LEFT JOIN suspense_placement AS s ON s.channel_id = r.channel_id AND s.reference = r.reference
    LEFT JOIN suspense_proposal AS o
      ON o.channel_id = s.channel_id AND o.reference = s.reference
     AND o.proposal_id = s.proposal_id
    CROSS JOIN LATERAL (
        SELECT coalesce(o.customer_number, r.customer_number) AS customer_number
    ) AS of
    LEFT JOIN virtual_account_number AS n ON n.customer_number = of.customer_number
    LEFT JOIN payment AS p
      ON p.family_id = n.family_id AND p.channel_id = r.channel_id AND p.reference = r.reference
    LEFT JOIN employer_account_number AS x ON x.customer_number = of.customer_number
    LEFT JOIN employer_payment AS e
      ON e.employer_id = x.employer_id AND e.channel_id = r.channel_id
     AND e.reference = r.reference
    WHERE r.reference = $2 AND coalesce(p.payment_id, e.payment_id) IS NOT NULL
    LIMIT 1
"""


class ReceiptUnknownError(DomainError):
    """There is no payment with such a number."""

    code: ClassVar[str] = "RECEIPT_UNKNOWN"


class ReceiptState(StrEnum):
    """What became of the money of a receipt."""

    VALID = "VALID"
    PARTLY_REFUNDED = "PARTLY_REFUNDED"
    """A part of it had become credit and went back to the payer."""
    REFUNDED = "REFUNDED"
    """All of it had become credit and went back to the payer."""


class MonthFacts(TypedDict):
    """A month as `receipt_facts` returns it."""

    month: int
    amount: int
    credit: int


class StepFacts(TypedDict):
    """A step of an instalment plan as `receipt_facts` returns it."""

    number: int
    steps: int
    amount: int


class ReceiptFacts(TypedDict):
    """What `receipt_facts` returns; instants and dates as ISO text, months as ordinals.

    So do `employer_receipt_facts` and `government_receipt_facts`.
    """

    payer: str
    amount: int
    channel_code: str
    channel_name: str
    reference: str
    account_prefix: str
    customer_number: str | None
    channel_time: str | None
    booked_at: str
    value_date: str
    language: str
    members: int | None
    was: str | None
    window_last_day: str | None
    name: str | None
    months: Sequence[MonthFacts]
    step: StepFacts | None
    credited: int
    refunded: int
    reactivated: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidMonth:
    """A month that was settled: out of the payment, and out of credit that lay there already."""

    month: CoverageMonth
    amount: Rupiah
    from_credit: Rupiah


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidStep:
    """A step of an instalment plan (REHAB)."""

    number: int
    steps: int
    amount: Rupiah


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a payer is shown of a payment. We take no fee; a channel may, and says so itself."""

    key: AnyReceiptKey
    payer_kind: Payer
    amount: Rupiah
    channel_code: str
    channel_name: str
    reference: str
    account: str
    """The number that was paid to, masked: its prefix and its last four digits."""
    payer: str
    """A person's name, masked; that of an employer or a government, whole."""
    members: int | None
    """Who was paid for: the family's members, or the employer's workers."""
    paid_at: datetime
    booked_at: datetime
    value_date: date
    months: tuple[PaidMonth, ...]
    step: PaidStep | None
    credited: Rupiah
    refunded: Rupiah
    is_activation: bool
    is_reactivation: bool
    window_last_day: date | None
    workers_back: int
    """How many workers an employer's payment made active again."""
    language: str

    @property
    def fee(self) -> Rupiah:
        """What we take for it: nothing."""
        return Rupiah(0)

    @property
    def total(self) -> Rupiah:
        """The amount and the fee."""
        return Rupiah(self.amount + self.fee)

    @property
    def from_credit(self) -> Rupiah:
        """What credit paid beside the money, for all months."""
        return Rupiah(sum(one.from_credit for one in self.months))

    @property
    def state(self) -> ReceiptState:
        """What became of the money."""
        if self.refunded == 0:
            return ReceiptState.VALID
        is_whole = self.refunded == self.amount
        return ReceiptState.REFUNDED if is_whole else ReceiptState.PARTLY_REFUNDED

    @classmethod
    def of(cls, key: AnyReceiptKey, facts: ReceiptFacts) -> Self:
        """Make one of what is known of a payment."""
        booked_at, step = datetime.fromisoformat(facts["booked_at"]), facts["step"]
        last_day, payer_kind = facts["window_last_day"], Payer(facts["payer"])
        name = facts["name"] or ""
        return cls(
            key=key,
            payer_kind=payer_kind,
            amount=Rupiah(facts["amount"]),
            channel_code=facts["channel_code"],
            channel_name=facts["channel_name"],
            reference=facts["reference"],
            account=facts["account_prefix"] + mask(facts["customer_number"] or ""),
            payer=mask_name(name) if payer_kind is Payer.FAMILY else name,
            members=facts["members"],
            paid_at=_paid_at(facts["channel_time"], booked_at).astimezone(WIB),
            booked_at=booked_at.astimezone(WIB),
            value_date=date.fromisoformat(facts["value_date"]),
            months=tuple(_paid_month(one) for one in facts["months"]),
            step=None if step is None else _paid_step(step),
            credited=Rupiah(facts["credited"]),
            refunded=Rupiah(facts["refunded"]),
            is_activation=facts["was"] == "PENDING",
            is_reactivation=last_day is not None,
            window_last_day=None if last_day is None else date.fromisoformat(last_day),
            workers_back=facts["reactivated"] or 0,
            language=facts["language"],
        )


async def find_receipt(connection: Connection, key: AnyReceiptKey) -> Receipt:
    """Return the receipt of a payment; raises ReceiptUnknownError."""
    facts = await _facts(connection, key)
    if facts is None:
        raise ReceiptUnknownError(f"{_named(key)} has no payment {key.payment_id}; {_advice(key)}")
    return Receipt.of(key, facts)


async def payment_of_reference(
    connection: Connection, *, channel_code: str, reference: str
) -> ReceiptKey | EmployerReceiptKey:
    """Return the payment that a channel knows under a reference; raises ReceiptUnknownError."""
    row = await connection.fetchrow(SELECT_PAYMENT, channel_code.upper(), reference)
    if row is None:
        raise ReceiptUnknownError(
            f"no payment has the reference {reference} of {channel_code}: it was refused, or waits "
            "in suspense (`iuran suspense list`)"
        )
    family_id: int | None = row["family_id"]
    if family_id is not None:
        return ReceiptKey(family_id=family_id, payment_id=row["payment_id"])
    return EmployerReceiptKey(employer_id=row["employer_id"], payment_id=row["payment_id"])


async def _facts(connection: Connection, key: AnyReceiptKey) -> ReceiptFacts | None:
    facts: ReceiptFacts | None
    match key:
        case ReceiptKey():
            facts = await connection.fetchval(SELECT_FACTS, key.family_id, key.payment_id)
        case EmployerReceiptKey():
            facts = await connection.fetchval(
                SELECT_EMPLOYER_FACTS, key.employer_id, key.payment_id
            )
        case GovernmentReceiptKey():
            facts = await connection.fetchval(SELECT_GOVERNMENT_FACTS, key.region, key.payment_id)
    return facts


def _advice(key: AnyReceiptKey) -> str:
    if isinstance(key, GovernmentReceiptKey):
        return "one that waits for a second person has no receipt yet"
    if isinstance(key, ReceiptKey):
        return f"`iuran receipts list {key.family_id}` shows what there is"
    return "give the channel and its reference instead if the number is not known"


def _named(key: AnyReceiptKey) -> str:
    match key:
        case ReceiptKey():
            return f"family {key.family_id}"
        case EmployerReceiptKey():
            return f"employer {key.employer_id}"
        case GovernmentReceiptKey():
            return f"the government of region {key.region}"


def _paid_at(channel_time: str | None, booked_at: datetime) -> datetime:
    """Return the channel's own time, unless it says a time that has not come."""
    told = booked_at if channel_time is None else datetime.fromisoformat(channel_time)
    return min(told, booked_at)


def _paid_month(facts: MonthFacts) -> PaidMonth:
    return PaidMonth(
        month=CoverageMonth.of_ordinal(facts["month"]),
        amount=Rupiah(facts["amount"]),
        from_credit=Rupiah(facts["credit"]),
    )


def _paid_step(facts: StepFacts) -> PaidStep:
    return PaidStep(number=facts["number"], steps=facts["steps"], amount=Rupiah(facts["amount"]))
