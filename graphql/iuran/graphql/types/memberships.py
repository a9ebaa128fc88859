"""The membership as the schema shows it: whether care is covered, and since when."""

from datetime import date, datetime
from typing import Final, Self

import strawberry

from iuran.core.database.pool import Record
from iuran.core.explanations import explain_window
from iuran.core.fines import FineWindow as Window
from iuran.core.membership import state_in
from iuran.core.months import CoverageMonth
from iuran.graphql.compiler.declarations import Fragment, Key, One, Paged, Source, Worked, of_family
from iuran.graphql.global_ids import id_of
from iuran.graphql.types.employments import Employment
from iuran.graphql.types.enums import CareClass, MembershipCause, MembershipState, Segment
from iuran.graphql.types.explanations import Explanation
from iuran.graphql.types.fields import declared, resolver
from iuran.graphql.types.instalments import PLANS_OF_MEMBERSHIP, InstalmentPlan
from iuran.graphql.types.instants import instant_of
from iuran.graphql.types.ledgers import CREDIT_OF_MEMBERSHIP, CREDIT_ORDER, CreditEntry
from iuran.graphql.types.nodes import Node
from iuran.graphql.types.orders import order_by
from iuran.graphql.types.pagination import Connection, in_pages
from iuran.graphql.types.registration import STEPS_OF_MEMBERSHIP, RegistrationProgress
from iuran.graphql.types.weights import counted_as

EVENT_ORDER = order_by("MembershipEvent", EFFECTIVE_AT="Since when it holds.")


@strawberry.type(
    description="The 45 days after cover came back, in which each inpatient stay costs a fine "
    "(masa denda pelayanan). Days count in Jakarta; both ends belong to it."
)
class FineWindow:
    """The window of the last reactivation."""

    first_day: date = strawberry.field(description="The day on which cover came back.")
    last_day: date = strawberry.field(
        description="The last day on which a stay that begins is fined."
    )
    arrears_months: int = strawberry.field(
        description="Months that were in arrears: the fine grows with them, up to 12."
    )
    is_owed_by_employer: bool = strawberry.field(
        description="Whether an employer owes its fines, who was late for the family; else the "
        "family owes them."
    )
    is_open: bool = strawberry.field(description="Whether a stay that begins today is fined.")

    @resolver(description="Why there is a window, and why it ends when it does.")
    def explanation(self) -> Explanation:
        """Explain the window."""
        return _explained(None, self.first_day, self.last_day, self.arrears_months)


def _explained(_: object, first_day: date, last_day: date, arrears_months: int) -> Explanation:
    window = Window(first_day=first_day, last_day=last_day, arrears_months=arrears_months)
    return Explanation.of(explain_window(window))


@strawberry.type(description="Something that happened to a membership.")
class MembershipEvent:
    """One recorded change."""

    state: MembershipState = strawberry.field(description="The state from then on.")
    effective_at: datetime = strawberry.field(description="Since when it holds.")
    recorded_at: datetime = strawberry.field(
        description="When it was noted; a suspension holds from midnight, noted or not."
    )
    cause: MembershipCause = strawberry.field(description="Why.")
    paid_through: CoverageMonth | None = strawberry.field(
        description="The last month for which nothing was owed after it; null before the first "
        "payment."
    )


@strawberry.type(
    description="A layoff (PHK): the family of who lost his work is insured on for some months, "
    "without contribution."
)
class Layoff:
    """A layoff."""

    last_month: CoverageMonth = strawberry.field(
        description="The last month of the benefits; earlier if they ended."
    )
    papers: list[str] = strawberry.field(description="What proved it.")
    ended_because: str | None = strawberry.field(
        description="Why the benefits ended before their time; null if they did not."
    )


@strawberry.type(
    description="A membership (kepesertaan): the part of a family that is insured together, in one "
    "segment, in one class, by one payer."
)
class Membership(Node):
    """A membership as it stands now."""

    family_id: strawberry.Private[int]
    membership_id: strawberry.Private[int]
    is_paid_by_family: strawberry.Private[bool]
    accounts_issued_on: strawberry.Private[date | None]
    segment: Segment = strawberry.field(description="Who pays, and by which formula.")
    care_class: CareClass = strawberry.field(
        description="The class of hospital room in the running month."
    )
    class_since: date = strawberry.field(
        description="The day of the last change of class; one to come is told before it holds."
    )
    state: MembershipState = strawberry.field(
        description="Whether care is covered now, as the law has it at this moment."
    )
    paid_through: CoverageMonth | None = strawberry.field(
        description="The last month up to which nothing is owed; null before the first payment, "
        "and far ahead while a government pays."
    )
    fine_window: FineWindow | None = strawberry.field(
        description="The newest fine window, open or over; null if cover never came back after "
        "arrears."
    )

    @classmethod
    def of(cls, row: Record, *, today: date) -> Self:
        """Read a row as it stands on a WIB date."""
        paid_through = CoverageMonth.if_any(row["paid_through"])
        return cls(
            id=id_of("Membership", row["family_id"], row["membership_id"]),
            family_id=row["family_id"],
            membership_id=row["membership_id"],
            is_paid_by_family=row["is_paid_by_family"],
            accounts_issued_on=row["accounts_issued_on"],
            segment=Segment(row["segment"]),
            care_class=CareClass(row["care_class"]),
            class_since=row["class_since"],
            state=state_in(MembershipState(row["state"]), paid_through, CoverageMonth.of(today)),
            paid_through=paid_through,
            fine_window=_fine_window(row, today),
        )

    registration_steps: list[RegistrationProgress] = declared(
        description="The steps of its registration, in their order, done or still to do.",
        directives=counted_as(7),
    )
    history: Connection[MembershipEvent] = in_pages(
        description="What happened to it, the newest first (riwayat kepesertaan).",
        order_by=EVENT_ORDER,
    )
    credit_entries: Connection[CreditEntry] = in_pages(
        description="What came into its credit (saldo) and went out of it, the newest first.",
        order_by=CREDIT_ORDER,
    )
    employment: Employment | None = declared(
        description="The employment by which it is insured; null if no employer pays for it."
    )
    layoff: Layoff | None = declared(
        description="The layoff that it goes back to, if it is one: benefits without contribution."
    )
    instalment_plans: list[InstalmentPlan] = declared(
        description="Its instalment plans (REHAB), the newest first; at most 20.",
        directives=counted_as(2),
    )


def _fine_window(row: Record, today: date) -> FineWindow | None:
    if row["first_day"] is None:
        return None
    return FineWindow(
        first_day=row["first_day"],
        last_day=row["last_day"],
        arrears_months=row["arrears_months"],
        is_owed_by_employer=row["employer_id"] is not None,
        is_open=row["first_day"] <= today <= row["last_day"],
    )


EVENT_LIST = "MembershipEventCursor"

_OF_A_SHOWN_CARD: Final[Fragment] = (
    "EXISTS (SELECT FROM participant AS p WHERE p.family_id = {row}.family_id "
    "AND p.card_number = {shown_card})"
)

LAYOFF = Source(
    type_name="Layoff",
    table="layoff AS {row} LEFT JOIN layoff_end AS {row}e ON {row}e.family_id = {row}.family_id "
    "AND {row}e.membership_id = {row}.membership_id",
    access=of_family("{row}.family_id"),
    fields={
        "lastMonth": "coalesce({row}e.last_month, {row}.last_month)",
        "papers": "{row}.papers",
        "endedBecause": "{row}e.reason",
    },
)
FINE_WINDOW = Source(
    type_name="FineWindow",
    table="fine_window AS {row}",
    access=of_family("{row}.family_id", by_card=_OF_A_SHOWN_CARD),
    fields={
        "firstDay": "{row}.first_day",
        "lastDay": "{row}.last_day",
        "arrearsMonths": "{row}.arrears_months",
        "isOwedByEmployer": "{row}.employer_id IS NOT NULL",
        "isOpen": "{today} BETWEEN {row}.first_day AND {row}.last_day",
        "explanation": Worked(
            of=_explained, needs=("{row}.first_day", "{row}.last_day", "{row}.arrears_months")
        ),
    },
)

MEMBERSHIP_EVENT = Source(
    type_name="MembershipEvent",
    table="membership_event AS {row}",
    access=of_family("{row}.family_id"),
    fields={
        "state": "{row}.state",
        "effectiveAt": "{row}.effective_at",
        "recordedAt": "{row}.recorded_at",
        "cause": "{row}.cause",
        "paidThrough": "{row}.paid_through",
    },
)

# What is noted may be behind what credit has paid, a family's own or an employer's.
_IS_TOLD: Final[Fragment] = (
    "{row}.paid_through < {month} AND ({row}.credit > 0 OR {row}.segment IN "
    "(SELECT s.segment FROM segment AS s WHERE s.payer = 'EMPLOYER'))"
)
_TOLD_PAID_THROUGH: Final[Fragment] = (
    "SELECT t.paid_through "
    "FROM membership_told_at({row}.family_id, {row}.membership_id, {now}) AS t"
)

MEMBERSHIP = Source(
    type_name="Membership",
    table="membership AS {row}",
    access=of_family("{row}.family_id", by_card=_OF_A_SHOWN_CARD),
    key=("family_id", "membership_id"),
    fields={
        "segment": "{row}.segment",
        "careClass": "care_class_in({row}.care_class, {row}.previous_care_class, "
        "{row}.class_since, {month})",
        "classSince": "{row}.class_since",
        "state": "CASE WHEN " + _IS_TOLD + " THEN (SELECT t.state "
        "FROM membership_told_at({row}.family_id, {row}.membership_id, {now}) AS t) "
        "ELSE membership_state_in({row}.state, {row}.paid_through, {month}) END",
        "paidThrough": "CASE WHEN "
        + _IS_TOLD
        + " THEN ("
        + _TOLD_PAID_THROUGH
        + ") ELSE {row}.paid_through END",
        "fineWindow": One(
            target="FineWindow",
            where="{row}.family_id = {parent}.family_id "
            "AND {row}.membership_id = {parent}.membership_id",
            order="{row}.window_id DESC",
            carries_card=True,
        ),
        "creditEntries": CREDIT_OF_MEMBERSHIP,
        "employment": One(
            target="Employment",
            where="{row}.family_id = {parent}.family_id "
            "AND {row}.membership_id = {parent}.membership_id",
        ),
        "layoff": One(
            target="Layoff",
            where="{row}.family_id = {parent}.family_id "
            "AND {row}.membership_id = {parent}.membership_id",
        ),
        "instalmentPlans": PLANS_OF_MEMBERSHIP,
        "registrationSteps": STEPS_OF_MEMBERSHIP,
        "history": Paged(
            target="MembershipEvent",
            where="{row}.family_id = {parent}.family_id "
            "AND {row}.membership_id = {parent}.membership_id",
            order="EFFECTIVE_AT",
            keys=(
                Key(
                    sql="{row}.effective_at",
                    type="timestamptz",
                    written="(extract(epoch FROM {row}.effective_at) * 1000000)::bigint",
                    read=instant_of,
                ),
                Key(sql="{row}.event_id"),
            ),
            list_name=EVENT_LIST,
        ),
    },
)
