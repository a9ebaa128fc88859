"""The bill as the schema shows it: what is owed for a month, for whom, and what became of it."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Self, cast

import strawberry

from iuran.core.database.pool import Record
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.graphql.compiler.declarations import (
    Arguments,
    Filter,
    Key,
    Many,
    One,
    Paged,
    Source,
    of_family,
)
from iuran.graphql.context import Info
from iuran.graphql.global_ids import id_of
from iuran.graphql.types.bill_explanations import EXPLANATION_OF_BILL
from iuran.graphql.types.bill_lines import BillLine
from iuran.graphql.types.bill_revisions import REVISIONS_OF_BILL, BillRevision
from iuran.graphql.types.enums import BillState, CareClass
from iuran.graphql.types.explanations import Explanation
from iuran.graphql.types.fields import declared, resolver
from iuran.graphql.types.nodes import Node
from iuran.graphql.types.orders import order_by
from iuran.graphql.types.weights import counted_as, weighing

if TYPE_CHECKING:
    from iuran.graphql.types.families import Family
    from iuran.graphql.types.payments import Payment

BILL_ORDER = order_by("Bill", COVERAGE_MONTH="The month that it insures.")


FamilyRef = Annotated["Family", strawberry.lazy("iuran.graphql.types.families")]
PaymentRef = Annotated["Payment", strawberry.lazy("iuran.graphql.types.payments")]


@strawberry.input(description="Compares a bill's state. Comparisons that are given must all hold.")
class BillStateFilter:
    """Comparators of an enum."""

    eq: BillState | None = strawberry.field(default=strawberry.UNSET, description="Is this one.")
    in_: list[BillState] | None = strawberry.field(
        default=strawberry.UNSET, name="in", description="Is one of these."
    )


@strawberry.input(description="Which bills are wanted.")
class BillFilter:
    """Conditions on bills."""

    state: BillStateFilter | None = strawberry.field(
        default=strawberry.UNSET, description="By what became of the bill."
    )


@strawberry.type(
    description="A bill (tagihan iuran): what a family owes for one month. Due on the 10th; "
    "the month's end decides whether cover is suspended."
)
class Bill(Node):
    """A bill."""

    family_id: strawberry.Private[int]
    membership_id: strawberry.Private[int]
    coverage_month: CoverageMonth = strawberry.field(description="The month it was issued for.")
    care_class: CareClass = strawberry.field(description="The class that it charges.")
    members: int = strawberry.field(description="For how many people.")
    amount: Rupiah = strawberry.field(description="What the family pays.")
    settled_amount: Rupiah = strawberry.field(
        description="How much of it is settled, by payments and from credit."
    )
    central_subsidy: Rupiah = strawberry.field(
        description="What the central government adds to it."
    )
    regional_subsidy: Rupiah = strawberry.field(
        description="What the regional government adds to it."
    )
    issued_at: datetime = strawberry.field(description="When it was issued.")
    due_date: date = strawberry.field(description="The last day to pay it in time (jatuh tempo).")
    state: BillState = strawberry.field(description="What became of it, as of now.")
    is_overdue: bool = strawberry.field(
        description="Open, and the due date has passed (lewat jatuh tempo). Cover goes on until "
        "the month ends."
    )
    settled_at: datetime | None = strawberry.field(
        description="When it was paid; null while it is not."
    )

    @classmethod
    def of(cls, row: Record, *, today: date) -> Self:
        """Read a row as it stands on a WIB date."""
        family_id, membership_id = row["family_id"], row["membership_id"]
        state = BillState(row["state"])
        return cls(
            id=id_of("Bill", family_id, membership_id, row["coverage_month"]),
            family_id=family_id,
            membership_id=membership_id,
            coverage_month=CoverageMonth.of_ordinal(row["coverage_month"]),
            care_class=CareClass(row["care_class"]),
            members=row["members"],
            amount=Rupiah(row["amount"]),
            settled_amount=Rupiah(row["settled_amount"]),
            central_subsidy=Rupiah(row["central_subsidy"]),
            regional_subsidy=Rupiah(row["regional_subsidy"]),
            issued_at=row["issued_at"],
            due_date=row["due_date"],
            state=state,
            is_overdue=state is BillState.OPEN and row["due_date"] < today,
            settled_at=row["settled_at"],
        )

    @resolver(description="The family that owes it.")
    async def family(self, info: Info) -> FamilyRef | None:
        """Read the family."""
        return await info.context.reads.family(self.family_id)

    @resolver(
        description="A line for each person and month in it; their sum is `amount`. At most 100.",
        directives=counted_as(5),
    )
    async def lines(self, info: Info) -> list[BillLine]:
        """Read the lines."""
        return list(await info.context.reads.bill_lines(self.family_id, *self._key))

    payment: PaymentRef | None = declared(
        description="The payment that settled it, with its receipt; it may have settled several "
        "bills. Null while it is not paid, and if credit alone settled it."
    )

    explanation: Explanation = declared(
        description="Why it is what it is: each line, each later version, the due date, and for "
        "how long it can be asked for.",
        directives=weighing(5),
    )
    revisions: list[BillRevision] = declared(
        description="Its later versions, the oldest first; empty if it is as it was issued.",
        directives=counted_as(2),
    )

    @property
    def _key(self) -> tuple[int, int]:
        return self.membership_id, self.coverage_month.ordinal


BILL_LIST = "BillCursor"


BILL = Source(
    type_name="Bill",
    table="bill AS {row}",
    access=of_family("{row}.family_id"),
    key=("family_id", "membership_id", "coverage_month"),
    fields={
        "coverageMonth": "{row}.coverage_month",
        "careClass": "{row}.care_class",
        "members": "{row}.members",
        "amount": "{row}.amount",
        "settledAmount": "{row}.settled_amount",
        "centralSubsidy": "{row}.central_subsidy",
        "regionalSubsidy": "{row}.regional_subsidy",
        "issuedAt": "{row}.issued_at",
        "dueDate": "{row}.due_date",
        "state": "bill_state_in({row}.state, {row}.coverage_month, {month}, {arrears_months_max})",
        "isOverdue": "bill_state_in({row}.state, {row}.coverage_month, {month}, "
        "{arrears_months_max}) = 'OPEN' AND {row}.due_date < {today}",
        "settledAt": "{row}.settled_at",
        "family": One(target="Family", where="{row}.family_id = {parent}.family_id"),
        "lines": Many(
            target="BillLine",
            where="{row}.family_id = {parent}.family_id "
            "AND {row}.membership_id = {parent}.membership_id "
            "AND {row}.billed_month = {parent}.coverage_month",
            order="{row}.participant_id, {row}.coverage_month",
            limit="100",
        ),
        "explanation": EXPLANATION_OF_BILL,
        "revisions": REVISIONS_OF_BILL,
        "payment": One(
            target="Payment",
            via="payment_allocation AS {row}a, ",
            where="{row}.family_id = {parent}.family_id "
            "AND {row}a.family_id = {row}.family_id AND {row}a.payment_id = {row}.payment_id "
            "AND {row}a.membership_id = {parent}.membership_id "
            "AND {row}a.coverage_month = {parent}.coverage_month",
            order="{row}.payment_id DESC",
        ),
    },
)


def _wanted_states(arguments: Arguments) -> list[str] | None:
    """Return the states that the arguments of a list of bills ask for, or None for all."""
    # As the schema has coerced it; a comparison that is null is none.
    filters = cast("Mapping[str, Mapping[str, object] | None] | None", arguments.get("filter"))
    state = filters and filters.get("state")
    if state is None:
        return None
    wanted = set(BillState)
    if state.get("eq") is not None:
        wanted &= {cast("BillState", state["eq"])}
    if state.get("in") is not None:
        wanted &= set(cast("list[BillState]", state["in"]))
    return sorted(wanted)


BILLS_OF_FAMILY = Paged(
    target="Bill",
    where="{row}.family_id = {parent}.family_id",
    order="COVERAGE_MONTH",
    keys=(Key(sql="{row}.coverage_month"), Key(sql="{row}.membership_id")),
    list_name=BILL_LIST,
    filters=(
        Filter(
            name="states",
            type="text[]",
            where="bill_state_in({row}.state, {row}.coverage_month, {month}, "
            "{arrears_months_max}) = ANY({states})",
            of=_wanted_states,
        ),
    ),
)
