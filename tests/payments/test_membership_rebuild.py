"""What is stored of a membership is what its whole history comes to; `iuran doctor` compares."""

import pytest

from iuran.core.database.pool import Pool, connected
from iuran.core.membership import MembershipState
from iuran.core.months import CoverageMonth
from iuran.payments.membership_rebuild import different_memberships, rebuilt_memberships
from tests.builders import a_channel, a_family, an_active_family, pays_what_it_owes
from tests.moments import wib
from tests.payments.payers import roll


async def a_history(pool: Pool) -> int:
    """A family that paid, was suspended by the run, and paid again."""
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(), first_payment_at=wib(2026, 1, 20)
    )
    await roll(pool, wib(2026, 3, 1))
    await pays_what_it_owes(pool, channel, account, at=wib(2026, 3, 5))
    return family.family_id


async def test_a_membership_is_made_again_from_its_facts(pool: Pool) -> None:
    family_id = await a_history(pool)

    async with pool.acquire() as connection:
        (rebuilt,) = await rebuilt_memberships(connection, family_id)
        different = [one async for one in different_memberships(connection)]

    assert (rebuilt.state, rebuilt.paid_through) == (
        MembershipState.ACTIVE,
        CoverageMonth(2026, 3),
    )
    assert rebuilt.is_continuous
    assert different == []


@pytest.mark.parametrize(
    ("tampering", "why"),
    [
        ("UPDATE membership SET state = 'SUSPENDED'", "its state is another"),
        ("UPDATE membership SET paid_through = paid_through + 1", "its paid months differ"),
        ("UPDATE membership SET credit = 5", "its credit is another"),
        ("DELETE FROM membership_event", "it has no history"),
        (
            (
                "UPDATE membership_event SET paid_through = paid_through + 1"
                " WHERE cause = 'MONTH_CLOSED_UNPAID'"
            ),
            "its history does not follow from itself",
        ),
        (
            "DELETE FROM membership_event WHERE cause = 'REGISTRATION'",
            "its history does not follow from itself",
        ),
    ],
)
async def test_what_differs_from_its_history_is_found(
    pool: Pool, database_url: str, tampering: str, why: str
) -> None:
    family_id = await a_history(pool)
    async with connected(database_url, role=None) as owner:
        await owner.execute(tampering)

    async with pool.acquire() as connection:
        (found,) = [one async for one in different_memberships(connection)]

    assert (found.family_id, found.why) == (family_id, why)
