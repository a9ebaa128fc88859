"""Where two persons are needed, one person with two tokens is not two."""

from typing import Any

import pytest

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.graphql.global_ids import id_of
from iuran.graphql.identity import Role
from iuran.graphql.mutations.root import MUTATIONS
from iuran.graphql.problems import SecondPersonNeeded
from tests.graphql.conftest import Frontend, Insured
from tests.graphql.happy.world import ROWS, World
from tests.graphql.test_mutations_happy import PAYLOADS
from tests.graphql.wishes import wished

BY_TWO = sorted(
    first + "".join(map(str.capitalize, others))
    for one in MUTATIONS
    if SecondPersonNeeded in one.wish.problems
    for first, *others in [one.wish.name.split("_")]
)


def test_what_needs_two_persons_is_known() -> None:
    assert PAYLOADS
    assert {"approveDeath", "approveRefund", "decideClaim", "changePayer"} <= set(BY_TWO)


@pytest.mark.parametrize("mutation", BY_TWO)
async def test_the_same_person_is_refused_whatever_token_he_brings(
    frontend: Frontend, pool: Pool, clock: StandingClock, insured: Insured, mutation: str
) -> None:
    """He has another role and a token of his own for each step, and the same subject."""
    happy = await ROWS[mutation](World(pool=pool, frontend=frontend, clock=clock, insured=insured))
    before = await pool.fetchval(happy.effect)
    asked = happy.given | ({"askedBy": "ani"} if "askedBy" in happy.given else {})
    token: dict[str, Any] = {**happy.token, "subject": "ani", "scope": "iuran:read iuran:write"}

    result = await wished(frontend, mutation, asked, role=happy.role, **token)

    assert result["__typename"] == "SecondPersonNeeded", result
    assert "another person has to decide" in result["message"]
    assert await pool.fetchval(happy.effect) == before


async def test_a_fine_that_two_persons_take_off_is_owed_no_more(
    frontend: Frontend, pool: Pool, clock: StandingClock, insured: Insured
) -> None:
    world = World(pool=pool, frontend=frontend, clock=clock, insured=insured)
    happy = await ROWS["approveFineRelief"](world)
    selected = "amount letter { fine { amount isPaid relievedAt explanation { reasons { rule day"
    selected += " legalBasis } } } }"
    figures = (
        '{ figures(firstDay: "2026-03-01", lastDay: "2026-03-31") '
        "{ fines { stays fines amount } } }"
    )

    approved = await wished(
        frontend, "approveFineRelief", happy.given, selected, role=happy.role, **happy.token
    )
    found = await frontend.data(figures, role=Role.FINANCE_OFFICER)

    assert approved["amount"] == "280000"
    fine = approved["letter"]["fine"]
    assert (fine["amount"], fine["isPaid"]) == ("280000", False)
    assert fine["relievedAt"].startswith("2026-03-05T")
    assert fine["explanation"]["reasons"][-1] == {
        "rule": "relief",
        "day": "2026-03-05",
        "legalBasis": "Perpres 64/2020 art. 42(5)-(6): the fine was not owed",
    }
    assert found["figures"]["fines"] == [{"stays": 1, "fines": 0, "amount": "0"}]


async def test_a_second_person_finds_what_approves_a_change(
    frontend: Frontend, insured: Insured
) -> None:
    member = insured.registered.participants[1].participant_id
    given = {
        "membershipId": insured.keys["membership"],
        "participantId": id_of("Participant", insured.family_id, member),
        "leftOn": "2026-01-03",
        "reason": "akta kematian 12/2026",
    }
    proposed = await wished(frontend, "reportDeath", given, "proposalId", subject="ani")

    found = await frontend.data(
        "query ($id: ID!) { family(by: { id: $id }) { manualChanges { proposalId kind } } }",
        id=insured.keys["family"],
    )
    (change,) = found["family"]["manualChanges"]
    approval = {"proposalId": change["proposalId"]}
    approved = await wished(frontend, "approveDeath", approval, subject="budi")

    assert change == {"proposalId": proposed["proposalId"], "kind": "DEATH"}
    assert approved["__typename"] == "ApproveDeathPayload"
