"""Figures in GraphQL are those of the domain; who may not see them sees none."""

from datetime import date

import pytest

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.core.monitoring.public import Days, registrations
from iuran.graphql.identity import Role
from iuran.payments.finance_figures import AGE_BANDS, arrears_by_age, collected
from iuran.payments.money_held import held
from tests.graphql.conftest import Frontend, Insured, code_of
from tests.graphql.everything import one_of_everything

FIGURES = """
    query ($first: Date!, $last: Date!) {
      figures(firstDay: $first, lastDay: $last) {
        registrations { segment families people }
        satisfaction { subject answers scoreSum satisfied }
        billed { coverageMonth bills amount paid }
        collected { channelName payments amount }
        arrears { months memberships amount }
        reactivations { reactivations months }
        fines { debtor stays fines amount paid }
        claimsPaid { claims amount lateCompensation }
        held { suspenseItems suspense paidButInactive credit disputes disputed }
      }
    }
"""
FIRST, LAST = "2025-12-01", "2026-01-31"


@pytest.fixture
async def everything(pool: Pool, insured: Insured) -> None:
    membership = insured.registered.membership_id or 0
    await one_of_everything(pool, family_id=insured.family_id, membership_id=membership)


@pytest.mark.usefixtures("everything")
async def test_a_finance_officer_reads_the_figures_of_the_domain(
    frontend: Frontend, pool: Pool, clock: StandingClock
) -> None:
    days = Days(first=date(2025, 12, 1), last=date(2026, 1, 31))
    async with pool.acquire() as connection:
        registered = await registrations(connection, days)
        came_in = await collected(connection, days)
        owed = await arrears_by_age(connection, today=date(2026, 1, 5))
        money = await held(connection, at=clock.now())

    data = await frontend.data(FIGURES, role=Role.FINANCE_OFFICER, first=FIRST, last=LAST)

    told = data["figures"]
    assert [(one["segment"], one["people"]) for one in told["registrations"]] == [
        (one.segment, one.people) for one in registered
    ]
    assert [int(one["amount"]) for one in told["collected"]] == [one.amount for one in came_in]
    assert [one["months"] for one in told["arrears"]] == [band.label for band in AGE_BANDS]
    assert [one["memberships"] for one in told["arrears"]] == [one.memberships for one in owed]
    assert told["held"]["suspense"] == str(money.suspense)
    assert (told["held"]["disputes"], told["held"]["disputed"]) == (
        money.disputes,
        str(money.disputed),
    )
    assert told["held"]["paidButInactive"] == money.paid_but_inactive
    assert told["claimsPaid"] == {"claims": 1, "amount": "8000000", "lateCompensation": "0"}
    assert told["fines"][0]["amount"] == "1500000"
    assert told["satisfaction"][0]["scoreSum"] == 4


@pytest.mark.parametrize(
    "role", [Role.PARTICIPANT, Role.FACILITY, Role.EMPLOYER, Role.BRANCH_OFFICER, Role.DEVELOPER]
)
async def test_who_follows_no_money_sees_no_figures(
    frontend: Frontend, insured: Insured, role: Role
) -> None:
    family = insured.family_id if role is Role.PARTICIPANT else None

    data = await frontend.data(FIGURES, role=role, family_id=family, first=FIRST, last=LAST)

    assert data == {"figures": None}


@pytest.mark.parametrize(
    ("first", "last", "is_refused"),
    [
        ("2026-01-02", "2026-01-01", True),
        ("2026-01-01", "2026-01-01", False),
        ("2024-01-01", "2024-12-31", False),
        ("2024-01-01", "2025-01-01", True),
    ],
)
async def test_the_days_run_forward_and_for_a_leap_year_at_most(
    frontend: Frontend,
    first: str,
    last: str,
    is_refused: bool,  # noqa: FBT001 - a parameter
) -> None:
    answer = await frontend.answer(FIGURES, role=Role.AUDITOR, first=first, last=last)

    if is_refused:
        assert code_of(answer) == "BAD_USER_INPUT"
    else:
        assert answer["data"]["figures"]["billed"] == []
