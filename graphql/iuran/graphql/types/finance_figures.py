"""The figures of finance as the schema shows them: billed, collected, owed, held."""

import strawberry

from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.graphql.compiler.declarations import Many, One, Source
from iuran.graphql.compiler.statements import inlined
from iuran.graphql.types.enums import Debtor
from iuran.graphql.types.public_figures import ACCESS, FIRST_DAY, LAST_DAY
from iuran.payments.finance_figures import (
    SELECT_ARREARS,
    SELECT_BILLED,
    SELECT_CLAIMS_PAID,
    SELECT_COLLECTED,
    SELECT_FINES,
    SELECT_REACTIVATIONS,
)
from iuran.payments.money_held import SELECT_HELD


@strawberry.type(description="What families were billed for a month, and what of it is paid now.")
class BilledFigure:
    """A month's bills."""

    coverage_month: CoverageMonth = strawberry.field(description="The month.")
    bills: int = strawberry.field(description="How many bills.")
    amount: Rupiah = strawberry.field(description="What families owe or owed.")
    central_subsidy: Rupiah = strawberry.field(description="What the central government adds.")
    regional_subsidy: Rupiah = strawberry.field(description="What regional governments add.")
    paid: Rupiah = strawberry.field(description="What families have paid of it by now.")


@strawberry.type(description="What a channel collected on these days, by value date.")
class CollectedFigure:
    """A channel's payments."""

    channel_name: str = strawberry.field(description="The bank, shop or wallet.")
    payments: int = strawberry.field(description="How many payments.")
    amount: Rupiah = strawberry.field(description="How much.")


@strawberry.type(description="Memberships that owe closed months, by how many they owe.")
class ArrearsFigure:
    """Arrears of an age."""

    months: str = strawberry.field(description="How many months they owe, such as `2-3` or `>24`.")
    memberships: int = strawberry.field(description="How many memberships.")
    amount: Rupiah = strawberry.field(description="What they owe for closed months.")


@strawberry.type(description="Cover that came back after arrears, on these days.")
class ReactivationFigure:
    """Reactivations."""

    reactivations: int = strawberry.field(description="How many.")
    months: int = strawberry.field(description="How many months in arrears they paid, together.")


@strawberry.type(description="Fines of inpatient stays that began on these days, by who owes them.")
class FineFigure:
    """Fines of a debtor."""

    debtor: Debtor = strawberry.field(description="Who owes them.")
    stays: int = strawberry.field(description="How many stays.")
    fines: int = strawberry.field(
        description="How many of them carry a fine that was not taken off again."
    )
    amount: Rupiah = strawberry.field(description="These fines together.")
    paid: Rupiah = strawberry.field(description="What of them is paid.")


@strawberry.type(description="Claims that were paid on these days.")
class ClaimsPaidFigure:
    """Paid claims."""

    claims: int = strawberry.field(description="How many.")
    amount: Rupiah = strawberry.field(description="How much.")
    late_compensation: Rupiah = strawberry.field(
        description="What was added because they were paid late."
    )


@strawberry.type(
    description="Money that waits here and belongs to others, as of now, and who paid but is not "
    "covered."
)
class MoneyHeld:
    """Money held."""

    suspense_items: int = strawberry.field(description="Payments that wait to be placed.")
    suspense: Rupiah = strawberry.field(description="What they come to.")
    disputes: int = strawberry.field(
        description="Payments that banks tell otherwise than we know them, not closed yet."
    )
    disputed: Rupiah = strawberry.field(description="What the banks tell of them.")
    credits: int = strawberry.field(description="Memberships with credit.")
    credit: Rupiah = strawberry.field(description="Their credit together.")
    employer_credits: int = strawberry.field(description="Employers with credit.")
    employer_credit: Rupiah = strawberry.field(description="Their credit together.")
    refunds_waiting: int = strawberry.field(description="Refunds that are not decided or paid.")
    refund_waiting: Rupiah = strawberry.field(description="What they come to.")
    refunds_late: int = strawberry.field(description="Those of them that should be paid by now.")
    refund_late: Rupiah = strawberry.field(description="What those come to.")
    paid_but_inactive: int = strawberry.field(
        description="Memberships that are not active although the month is paid: it should be 0."
    )


BILLED_FIGURE = Source(
    type_name="BilledFigure",
    table="("
    + inlined(
        SELECT_BILLED,
        "coverage_month_of({parent}.first_day)",
        "coverage_month_of({parent}.last_day)",
    )
    + ") AS {row}",
    access=ACCESS,
    fields={
        "coverageMonth": "{row}.coverage_month",
        "bills": "{row}.bills",
        "amount": "{row}.amount::bigint",
        "centralSubsidy": "{row}.central_subsidy::bigint",
        "regionalSubsidy": "{row}.regional_subsidy::bigint",
        "paid": "{row}.paid::bigint",
    },
)
COLLECTED_FIGURE = Source(
    type_name="CollectedFigure",
    table="("
    + inlined(SELECT_COLLECTED, FIRST_DAY, LAST_DAY)
    + ") AS {row} JOIN channel AS {row}c ON {row}c.channel_id = {row}.channel_id",
    access=ACCESS,
    fields={
        "channelName": "{row}c.name",
        "payments": "{row}.payments",
        "amount": "{row}.amount::bigint",
    },
)
ARREARS_FIGURE = Source(
    type_name="ArrearsFigure",
    table="("
    + inlined(SELECT_ARREARS, "{month}", "{age_labels}", "{ages_from}", "{ages_to}")
    + ") AS {row} JOIN unnest({age_labels}) WITH ORDINALITY AS {row}b (label, place) "
    "ON {row}b.label = {row}.label",
    access=ACCESS,
    fields={
        "months": "{row}.label",
        "memberships": "{row}.memberships",
        "amount": "{row}.amount::bigint",
    },
)
REACTIVATION_FIGURE = Source(
    type_name="ReactivationFigure",
    table="(" + inlined(SELECT_REACTIVATIONS, FIRST_DAY, LAST_DAY) + ") AS {row}",
    access=ACCESS,
    fields={"reactivations": "{row}.reactivations", "months": "{row}.months::bigint"},
)
FINE_FIGURE = Source(
    type_name="FineFigure",
    table="(" + inlined(SELECT_FINES, FIRST_DAY, LAST_DAY) + ") AS {row}",
    access=ACCESS,
    fields={
        "debtor": "{row}.debtor",
        "stays": "{row}.stays",
        "fines": "{row}.fines",
        "amount": "{row}.amount::bigint",
        "paid": "{row}.paid::bigint",
    },
)
CLAIMS_PAID_FIGURE = Source(
    type_name="ClaimsPaidFigure",
    table="(" + inlined(SELECT_CLAIMS_PAID, FIRST_DAY, LAST_DAY) + ") AS {row}",
    access=ACCESS,
    fields={
        "claims": "{row}.claims",
        "amount": "{row}.amount::bigint",
        "lateCompensation": "{row}.late_compensation::bigint",
    },
)
MONEY_HELD = Source(
    type_name="MoneyHeld",
    table="(" + inlined(SELECT_HELD, "{today}", "{month}") + ") AS {row}",
    access=ACCESS,
    fields={
        "suspenseItems": "{row}.suspense_items",
        "suspense": "{row}.suspense",
        "disputes": "{row}.disputes",
        "disputed": "{row}.disputed",
        "credits": "{row}.credits",
        "credit": "{row}.credit",
        "employerCredits": "{row}.employer_credits",
        "employerCredit": "{row}.employer_credit",
        "refundsWaiting": "{row}.refunds_waiting",
        "refundWaiting": "{row}.refund_waiting",
        "refundsLate": "{row}.refunds_late",
        "refundLate": "{row}.refund_late",
        "paidButInactive": "{row}.paid_but_inactive",
    },
)

BILLED = Many(target="BilledFigure", where="true", order="{row}.coverage_month", limit="1200")
COLLECTED = Many(target="CollectedFigure", where="true", order="{row}.channel_id", limit="1000")
ARREARS = Many(target="ArrearsFigure", where="true", order="{row}b.place", limit="20")
REACTIVATIONS = One(target="ReactivationFigure", where="true")
FINES = Many(target="FineFigure", where="true", order="{row}.debtor", limit="10")
CLAIMS_PAID = One(target="ClaimsPaidFigure", where="true")
HELD = One(target="MoneyHeld", where="true")
