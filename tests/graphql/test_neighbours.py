"""What other families have changes nothing of what is shown of one: every relation keeps to it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from iuran.core.clock import WIB
from iuran.core.database.pool import Pool
from iuran.graphql.identity import Role
from iuran.graphql.limits import Limits
from tests.builders import a_family, an_active_family
from tests.graphql.conftest import FrontendOf, Insured
from tests.graphql.everything import one_of_everything
from tests.graphql.test_access_matrix import (
    FAMILYS_OWN,
    PAPERS,
    SEEN_BY,
    SHOWN_BY_CARD,
    WAYS,
    Way,
    keys_of,
    leaves,
    used,
)

GENEROUS = replace(Limits(), lookups_burst=100_000, points_burst=10**7)
LISTS_OF_ALL = (
    *("claims(", "complaints(", "visits(", "referrals(", "eligibilityLetters("),
    *("refundsWaiting(", "autodebitMandates("),
)
OF_A_FAMILY = (FAMILYS_OWN, SHOWN_BY_CARD, PAPERS)
SHARED = "Employer"
"""Many families' own: whoever may follow a worker to it sees all that work there."""


def stays_with_a_family(way: Way) -> bool:
    """Whether it begins with something that one family owns, and never leaves the family."""
    begins = SEEN_BY[way.types[0]] in OF_A_FAMILY and not way.text.startswith(LISTS_OF_ALL)
    return begins and SHARED not in way.types[:-1]


async def test_what_other_families_have_changes_nothing_that_is_shown_of_one(
    pool: Pool, frontend_of: FrontendOf, insured: Insured
) -> None:
    # given a family with one of everything
    first = insured.registered
    owned = await one_of_everything(
        pool, family_id=first.family_id, membership_id=first.membership_id or 0
    )
    ways = [
        replace(way, text=way.text.replace("%", f"__typename {leaves(way)}"))
        for way in WAYS
        if stays_with_a_family(way)
    ]
    keys = keys_of(insured, owned)
    alone = await _shown(frontend_of, ways, keys)

    # when another has, too
    channel = await pool.fetchval("SELECT min(channel_id) FROM channel")
    second, _ = await an_active_family(
        pool, channel, a_family(members=3), first_payment_at=datetime(2025, 12, 19, 9, tzinfo=WIB)
    )
    await one_of_everything(
        pool, family_id=second.family_id, membership_id=second.membership_id or 0
    )
    among_others = await _shown(frontend_of, ways, keys)

    # then the first is shown as it was
    assert len(ways) > 150
    assert {query for query, answer in among_others.items() if answer != alone[query]} == set()


async def _shown(
    frontend_of: FrontendOf, ways: list[Way], keys: Mapping[str, object]
) -> dict[str, object]:
    frontend = frontend_of(GENEROUS)
    return {
        way.query: await frontend.data(way.query, role=Role.BRANCH_OFFICER, **used(way, keys))
        for way in ways
    }
