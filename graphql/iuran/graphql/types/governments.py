"""Governments as the schema shows them: what they were billed for those they pay for."""

from datetime import date, datetime
from enum import StrEnum

import strawberry

from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.graphql.compiler.access import of_finances
from iuran.graphql.compiler.declarations import Computed, Filter, Key, Paged, Source
from iuran.graphql.reads.reading import Question
from iuran.graphql.types.enums import publish
from iuran.graphql.types.filters import TextFilter, equal_to
from iuran.graphql.types.orders import order_by
from iuran.payments.receipts.keys import GovernmentReceiptKey

GOVERNMENT_PAYMENT_ORDER = order_by("GovernmentPayment", RECORDED_AT="When it was recorded.")
GOVERNMENT_BILL_ORDER = order_by("GovernmentBillLine", COVERAGE_MONTH="The month that it insures.")


class Programme(StrEnum):
    """For whom a government pays."""

    PBI_APBN = "PBI_APBN"
    PBPU_PEMDA = "PBPU_PEMDA"
    BP_VETERAN = "BP_VETERAN"
    BP_STATE_PENSIONER = "BP_STATE_PENSIONER"
    CLASS_III = "CLASS_III"


publish(
    Programme,
    "For whom a government pays.",
    {
        Programme.PBI_APBN: "Poor people, by the central government (PBI JK).",
        Programme.PBPU_PEMDA: "People registered by a regional government (PBPU Pemda).",
        Programme.BP_VETERAN: "Veterans and pioneers of independence.",
        Programme.BP_STATE_PENSIONER: "Pensioners of the state, who bear a part themselves.",
        Programme.CLASS_III: "Its part of the contributions of class III (subsidi).",
    },
)


@strawberry.input(description="Which bills of governments are wanted.")
class GovernmentBillFilter:
    """Conditions on bills of governments."""

    region: TextFilter | None = strawberry.field(
        default=strawberry.UNSET,
        description="Of this government: `00` is the central one, 2 digits a province, 4 a "
        "regency or city.",
    )


@strawberry.type(
    description="A line of a government's bill of a month. Who is reported later makes a further "
    "line, who is taken off a negative one."
)
class GovernmentBillLine:
    """A line."""

    region: str = strawberry.field(
        description="The government: `00` is the central one, 2 digits a province, 4 a regency."
    )
    government_name: str | None = strawberry.field(description="Its name, if it is known.")
    coverage_month: CoverageMonth = strawberry.field(description="The month.")
    programme: Programme = strawberry.field(description="For whom it pays.")
    people: int = strawberry.field(description="For how many people.")
    amount: Rupiah = strawberry.field(description="What it owes for them.")
    withheld: Rupiah = strawberry.field(description="What pensioners bear and it withholds.")
    issued_at: datetime = strawberry.field(description="When it was billed.")


@strawberry.type(
    description="What a government paid: one person reads it off the bank's statement, another "
    "approves it. Only then it pays bills."
)
class GovernmentPayment:
    """A payment."""

    region: str = strawberry.field(
        description="The government: `00` is the central one, 2 digits a province, 4 a regency."
    )
    government_name: str = strawberry.field(description="Its name.")
    reference: str = strawberry.field(description="The bank's reference of it.")
    amount: Rupiah = strawberry.field(description="How much.")
    value_date: date = strawberry.field(description="The day that counts, in Jakarta.")
    note: str = strawberry.field(description="What who recorded it wrote.")
    recorded_by: str = strawberry.field(description="Who recorded it.")
    recorded_at: datetime = strawberry.field(description="When.")
    approved_by: str | None = strawberry.field(description="Who approved it; null while it waits.")
    approved_at: datetime | None = strawberry.field(description="When; it counted from then on.")
    receipt_url: str | None = strawberry.field(
        description="Where its receipt is a page, and with `.pdf` behind it a document; null while "
        "it waits."
    )


def _receipt_url(
    question: Question, region: str, payment_id: int, approved_by: str | None
) -> str | None:
    if question.receipts is None or approved_by is None:
        return None
    return question.receipts.url_of(GovernmentReceiptKey(region=region, payment_id=payment_id))


GOVERNMENT_PAYMENT = Source(
    type_name="GovernmentPayment",
    table="government_payment AS {row} JOIN government AS {row}g ON {row}g.region = {row}.region "
    "LEFT JOIN government_payment_approval AS {row}a ON {row}a.region = {row}.region "
    "AND {row}a.payment_id = {row}.payment_id",
    access=of_finances(),
    fields={
        "region": "{row}.region",
        "governmentName": "{row}g.name",
        "reference": "{row}.reference",
        "amount": "{row}.amount",
        "valueDate": "{row}.value_date",
        "note": "{row}.note",
        "recordedBy": "{row}.recorded_by",
        "recordedAt": "{row}.recorded_at",
        "approvedBy": "{row}a.approved_by",
        "approvedAt": "{row}a.approved_at",
        "receiptUrl": Computed(
            of=_receipt_url,
            needs=("{row}.region", "{row}.payment_id::bigint", "{row}a.approved_by"),
        ),
    },
)
GOVERNMENT_PAYMENTS = Paged(
    target="GovernmentPayment",
    where="true",
    order="RECORDED_AT",
    keys=(Key(sql="{row}.payment_id"),),
    list_name="GovernmentPaymentCursor",
    filters=(
        Filter(name="region", type="text", where="{row}.region = {region}", of=equal_to("region")),
    ),
)
GOVERNMENT_BILL_LINE = Source(
    type_name="GovernmentBillLine",
    table="government_bill_line AS {row} JOIN government AS {row}g ON {row}g.region = {row}.region",
    access=of_finances(),
    fields={
        "region": "{row}.region",
        "governmentName": "{row}g.name",
        "coverageMonth": "{row}.coverage_month",
        "programme": "{row}.programme",
        "people": "{row}.people",
        "amount": "{row}.amount",
        "withheld": "{row}.withheld",
        "issuedAt": "{row}.issued_at",
    },
)
GOVERNMENT_BILLS = Paged(
    target="GovernmentBillLine",
    where="true",
    order="COVERAGE_MONTH",
    keys=(Key(sql="{row}.coverage_month"), Key(sql="{row}.line_id")),
    list_name="GovernmentBillCursor",
    filters=(
        Filter(name="region", type="text", where="{row}.region = {region}", of=equal_to("region")),
    ),
)
