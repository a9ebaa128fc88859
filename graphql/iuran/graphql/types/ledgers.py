"""Money movements as the schema shows them: a family's credit, and its part of the ledger."""

from datetime import date, datetime
from enum import StrEnum

import strawberry

from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.graphql.compiler.access import of_finances
from iuran.graphql.compiler.declarations import Key, Paged, Source, of_family
from iuran.graphql.types.enums import publish
from iuran.graphql.types.orders import order_by

CREDIT_ORDER = order_by("CreditEntry", BOOKED_AT="When it was booked.")
LEDGER_ORDER = order_by("LedgerEntry", BOOKED_AT="When it was booked.")


class CreditCause(StrEnum):
    """Why credit moved."""

    SURPLUS = "SURPLUS"
    USED = "USED"
    CORRECTION = "CORRECTION"
    PLAN_ENDED = "PLAN_ENDED"
    REFUND = "REFUND"


publish(
    CreditCause,
    "Why a family's credit (saldo) moved.",
    {
        CreditCause.SURPLUS: "More was paid than was billed.",
        CreditCause.USED: "A bill was settled from it.",
        CreditCause.CORRECTION: "A bill that was paid became smaller.",
        CreditCause.PLAN_ENDED: "An instalment plan ended and left something.",
        CreditCause.REFUND: "It was paid back (pengembalian iuran).",
    },
)


@strawberry.type(
    description="A movement of a family's credit (saldo): what it paid that no bill has used yet."
)
class CreditEntry:
    """A credit entry."""

    amount: Rupiah = strawberry.field(
        description="What came in; negative for what went out of the credit."
    )
    cause: CreditCause = strawberry.field(description="Why it moved.")
    coverage_month: CoverageMonth | None = strawberry.field(
        description="The month of the bill that it moved to or from; null if it was no bill."
    )
    booked_at: datetime = strawberry.field(description="When it was booked.")
    value_date: date = strawberry.field(description="The day that counts, in Jakarta.")


@strawberry.type(
    description="A row of the double-entry ledger (buku besar): an amount that moved from one "
    "account to another."
)
class LedgerEntry:
    """A ledger entry."""

    debit_account: str = strawberry.field(description="The account that was debited.")
    credit_account: str = strawberry.field(description="The account that was credited.")
    amount: Rupiah = strawberry.field(description="How much moved.")
    booked_at: datetime = strawberry.field(description="When it was booked.")
    value_date: date = strawberry.field(description="The day that counts, in Jakarta.")
    coverage_month: CoverageMonth | None = strawberry.field(
        description="The month of the bill that caused it; null if something else did."
    )


CREDIT_ENTRY = Source(
    type_name="CreditEntry",
    table="credit_entry AS {row}",
    access=of_family("{row}.family_id"),
    fields={
        "amount": "{row}.amount",
        "cause": "{row}.cause",
        "coverageMonth": "{row}.coverage_month",
        "bookedAt": "{row}.booked_at",
        "valueDate": "{row}.value_date",
    },
)
LEDGER_ENTRY = Source(
    type_name="LedgerEntry",
    table="ledger_entry AS {row}",
    access=of_finances(),
    fields={
        "debitAccount": "{row}.debit_account::text",
        "creditAccount": "{row}.credit_account::text",
        "amount": "{row}.amount",
        "bookedAt": "{row}.booked_at",
        "valueDate": "{row}.value_date",
        "coverageMonth": "{row}.coverage_month",
    },
)
CREDIT_OF_MEMBERSHIP = Paged(
    target="CreditEntry",
    where="{row}.family_id = {parent}.family_id AND {row}.membership_id = {parent}.membership_id",
    order="BOOKED_AT",
    keys=(Key(sql="{row}.entry_id"),),
    list_name="CreditEntryCursor",
)
LEDGER_OF_FAMILY = Paged(
    target="LedgerEntry",
    where="{row}.family_id = {parent}.family_id",
    order="BOOKED_AT",
    keys=(Key(sql="{row}.entry_id"),),
    list_name="LedgerEntryCursor",
)
