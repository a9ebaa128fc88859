"""Registration of instalment plans; settlement takes the steps as ordinary payments."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection, Record
from iuran.core.errors import InvalidInputError
from iuran.core.instalments import PlanRefusedError, Step, check_moved_plan, check_plan, schedule
from iuran.core.membership import MembershipState
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import parameter

REASON_LENGTH_MAX = 1_000
STEPS_PRICED_MAX = 100
"""More steps than any rule allows are refused without working out what they would come to."""

SUSPEND_IF_UNPAID: LiteralString = """
    SELECT suspend_membership(family_id, membership_id, $4, $3)
    FROM payable_of($1, $2, NULL, $3, true)
"""

STAND: LiteralString = """
    SELECT p.state, p.plan_id, p.open_amount, p.first_month, p.arrears_months,
           price_ahead($1, $2, $4, $5) AS ahead
    FROM payable_of($1, $2, NULL, $3, true) AS p
"""

INSERT_PLAN: LiteralString = """
    INSERT INTO instalment_plan (family_id, membership_id, first_month, oldest_month, steps,
                                 arrears_months, planned_amount, step_amount, active_at_first,
                                 registered_by, registered_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    RETURNING plan_id
"""

SET_PLAN: LiteralString = """
    UPDATE membership SET plan_id = $3 WHERE family_id = $1 AND membership_id = $2
"""

CANCEL_PLAN: LiteralString = """
    SELECT cancel_plan($1, $2, $3, $4, $5)
"""

SELECT_PLANS: LiteralString = """
    SELECT plan_id, membership_id, first_month, steps, paid_steps, step_amount, planned_amount,
           CASE WHEN state = 'RUNNING' AND first_month + paid_steps < $2 THEN 'MISSED'
                ELSE state END AS state
    FROM instalment_plan
    WHERE family_id = $1
    ORDER BY plan_id DESC
    LIMIT 50
"""

_ELIGIBLE = frozenset({MembershipState.SUSPENDED, MembershipState.INACTIVE_SEGMENT_CHANGE})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStand:
    """A plan on a WIB date: RUNNING, FINISHED, MISSED or CANCELLED; amounts in rupiah."""

    plan_id: int
    membership_id: int
    state: str
    first_month: CoverageMonth
    steps: int
    paid_steps: int
    step_amount: Rupiah
    planned_amount: Rupiah


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalmentPlan:
    """A registered plan: what was in arrears, and the steps that settle it and its own months."""

    plan_id: int
    arrears_months: int
    total: Rupiah
    steps: tuple[Step, ...]


async def register_plan(
    connection: Connection,
    family_id: int,
    membership_id: int,
    *,
    steps: int,
    registered_by: str,
    at: datetime,
) -> InstalmentPlan:
    """Register a plan for a suspended family, or for the old debt of one that changed segment.

    From now on it pays a step a month.

    Cover begins at the last step (with `rehab_active_at_first_instalment`, at the first). A step
    that is not paid in its month ends the plan [D]. Raises PlanRefusedError.
    """
    today = wib_date(at)
    month = CoverageMonth.of(today)
    await connection.execute(SUSPEND_IF_UNPAID, family_id, membership_id, at, month.ordinal)
    stand = await connection.fetchrow(
        STAND, family_id, membership_id, at, month.ordinal, min(max(steps - 1, 0), STEPS_PRICED_MAX)
    )
    arrears_months, total = _checked(stand, steps=steps, on=today)
    plan = schedule(total=total, steps=steps, first_month=month)
    plan_id = await connection.fetchval(
        INSERT_PLAN,
        family_id,
        membership_id,
        month.ordinal,
        None if stand is None else stand["first_month"],
        steps,
        arrears_months,
        total,
        plan[0].amount,
        parameter("rehab_active_at_first_instalment", today) == 1,
        registered_by,
        at,
    )
    await connection.execute(SET_PLAN, family_id, membership_id, plan_id)
    return InstalmentPlan(
        plan_id=int(plan_id), arrears_months=arrears_months, total=total, steps=plan
    )


async def cancel_plan(
    connection: Connection,
    family_id: int,
    membership_id: int,
    *,
    by: str,
    reason: str,
    at: datetime,
) -> int:
    """Give a running plan up, and return it; the family is suspended until it pays its arrears [D].

    What was paid settles the oldest months that it covers whole, the rest is credit. Raises
    PlanRefusedError when no plan runs, also when a step was missed, and InvalidInputError.
    """
    if not 1 <= len(reason.strip()) <= REASON_LENGTH_MAX:
        raise InvalidInputError("reason", f"say why, in 1 to {REASON_LENGTH_MAX} characters")
    plan_id = await connection.fetchval(CANCEL_PLAN, family_id, membership_id, by, reason, at)
    if plan_id is None:
        raise PlanRefusedError("no plan runs that could be given up")
    return int(plan_id)


def _checked(stand: Record | None, *, steps: int, on: date) -> tuple[int, Rupiah]:
    """Return the months in arrears and what the plan comes to, if the family may have it."""
    if stand is None or stand["state"] not in _ELIGIBLE or stand["plan_id"] is not None:
        raise PlanRefusedError(
            "a plan is for a suspended family, or one that changed segment, without another plan"
        )
    months = int(stand["arrears_months"] or 0)
    total = Rupiah(int(stand["open_amount"] or 0) + int(stand["ahead"]))
    if stand["state"] == MembershipState.SUSPENDED:
        check_plan(arrears_months=months, steps=steps, on=on)
    else:
        check_moved_plan(arrears_months=months, steps=steps, total=total, on=on)
    return months, total


async def plans_of(connection: Connection, family_id: int, *, today: date) -> tuple[PlanStand, ...]:
    """Return a family's plans as they stand on a WIB date, the newest first.

    A step that was not paid in its month has ended the plan, whether or not the run came by [D].
    """
    rows = await connection.fetch(SELECT_PLANS, family_id, CoverageMonth.of(today).ordinal)
    return tuple(
        PlanStand(
            plan_id=row["plan_id"],
            membership_id=row["membership_id"],
            state=row["state"],
            first_month=CoverageMonth.of_ordinal(row["first_month"]),
            steps=row["steps"],
            paid_steps=row["paid_steps"],
            step_amount=Rupiah(row["step_amount"]),
            planned_amount=Rupiah(row["planned_amount"]),
        )
        for row in rows
    )
