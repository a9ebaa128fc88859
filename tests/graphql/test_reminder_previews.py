"""Operators preview a day's messages: what the domain counts, masked, in slices of families."""

from datetime import date, datetime

import pytest

from iuran.core.clock import WIB, StandingClock
from iuran.core.database.pool import Pool
from iuran.core.months import CoverageMonth
from iuran.core.reminders import preview
from iuran.graphql.global_ids import id_of
from iuran.graphql.identity import Role
from iuran.graphql.reads import reminder_previews
from iuran.payments.billing import bill_month
from tests.builders import a_channel, a_family, an_active_family, registered
from tests.graphql.conftest import Answer, Frontend, code_of

PREVIEW = """
    query ($day: Date!, $after: String) {
      reminderPreview(day: $day, after: $after) {
        day messages familiesSeen isWhole endCursor
        groups { event channel segment messages examples { familyId name address dueAt } }
      }
    }
"""
SEVEN_DAYS_BEFORE = "2026-02-03"


@pytest.fixture(autouse=True)
async def families(pool: Pool, clock: StandingClock) -> list[int]:
    """Three that are told by e-mail of the bill of February."""
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    paid_at = datetime(2026, 1, 5, 9, tzinfo=WIB)
    found = [
        await an_active_family(
            pool, channel, a_family(email=f"f{n}@example.org"), first_payment_at=paid_at
        )
        for n in range(3)
    ]
    clock.set(datetime(2026, 2, 1, 12, tzinfo=WIB))
    async with pool.acquire() as connection:
        for one, _ in found:
            await bill_month(
                connection,
                family_from=one.family_id,
                family_to=one.family_id,
                month=CoverageMonth(2026, 2),
                at=clock.now(),
            )
    return [one.family_id for one, _ in found]


async def test_an_operator_sees_what_would_go_out_and_to_whom_without_their_names(
    frontend: Frontend, families: list[int]
) -> None:
    data = await frontend.data(PREVIEW, role=Role.OPERATOR, day=SEVEN_DAYS_BEFORE)

    told = data["reminderPreview"]
    (group,) = told["groups"]
    assert (told["day"], told["messages"], told["isWhole"]) == (SEVEN_DAYS_BEFORE, 3, True)
    assert group | {"examples": []} == {
        "event": "DUE_IN_7_DAYS",
        "channel": "EMAIL",
        "segment": "PBPU_SELF",
        "messages": 3,
        "examples": [],
    }
    assert [one["familyId"] for one in group["examples"]] == [id_of("Family", n) for n in families]
    assert {one["address"] for one in group["examples"]} == {"f***@example.org"}


async def test_slices_of_families_add_up_to_the_whole(
    frontend: Frontend, monkeypatch: pytest.MonkeyPatch, families: list[int], pool: Pool
) -> None:
    async with pool.acquire() as connection:  # the last one is told of nothing
        await registered(connection, a_family(), at=datetime(2026, 2, 1, 12, tzinfo=WIB))
    monkeypatch.setattr(preview, "FAMILIES_A_BATCH", 1)
    monkeypatch.setattr(reminder_previews, "FAMILIES_A_BATCH", 1)
    monkeypatch.setattr(reminder_previews, "FAMILIES_MAX", 2)
    slices: list[Answer] = []
    after = None

    for _ in range(10):
        data = await frontend.data(PREVIEW, role=Role.AUDITOR, day=SEVEN_DAYS_BEFORE, after=after)
        slices.append(data["reminderPreview"])
        after = slices[-1]["endCursor"]
        if slices[-1]["isWhole"]:
            break

    seen = [one["familiesSeen"] for one in slices]
    assert max(seen) <= 2
    assert sum(seen) >= len(families) + 1
    assert sum(one["messages"] for one in slices) == len(families)
    behind = await frontend.data(PREVIEW, role=Role.AUDITOR, day=SEVEN_DAYS_BEFORE, after=after)
    assert behind["reminderPreview"]["messages"] == 0
    assert behind["reminderPreview"]["endCursor"] == after


@pytest.mark.parametrize(
    ("day", "after", "code"),
    [
        (date(2026, 1, 31), None, "BAD_USER_INPUT"),
        (date(2027, 2, 3), None, "BAD_USER_INPUT"),
        (date(9999, 12, 31), None, "BAD_USER_INPUT"),
        (date(2026, 2, 3), id_of("BillCursor", 1), "ID_INVALID"),
    ],
)
async def test_a_day_that_nobody_can_preview_is_refused(
    frontend: Frontend, day: date, after: str | None, code: str
) -> None:
    answer = await frontend.answer(PREVIEW, role=Role.OPERATOR, day=str(day), after=after)

    assert code_of(answer) == code
    assert answer["data"] == {"reminderPreview": None}


async def test_who_keeps_no_clockwork_previews_nothing(frontend: Frontend) -> None:
    data = await frontend.data(PREVIEW, role=Role.BRANCH_OFFICER, day=SEVEN_DAYS_BEFORE)

    assert data == {"reminderPreview": None}
