"""Explanations in GraphQL are those of the domain, word for word."""

from datetime import date
from typing import Any

from iuran.core.bills import bills_of
from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.core.explanations import Explanation, explain_bill, explain_cover, explain_plan
from iuran.graphql.identity import Role
from tests.graphql.conftest import Frontend, Insured
from tests.graphql.everything import one_of_everything

EXPLAINED = """
    explanation: %s { english indonesian reasons { rule english indonesian legalBasis amount day } }
"""


def written(explanation: Explanation) -> dict[str, Any]:
    return {
        "english": explanation.english,
        "indonesian": explanation.indonesian,
        "reasons": [
            {
                "rule": one.rule,
                "english": one.english,
                "indonesian": one.indonesian,
                "legalBasis": one.legal_basis,
                "amount": None if one.amount is None else str(one.amount),
                "day": None if one.day is None else one.day.isoformat(),
            }
            for one in explanation.reasons
        ],
    }


async def test_a_bill_explains_its_lines_and_versions(
    frontend: Frontend, insured: Insured, pool: Pool
) -> None:
    membership = insured.registered.membership_id or 0
    await one_of_everything(pool, family_id=insured.family_id, membership_id=membership)
    async with pool.acquire() as connection:
        bill, *_ = await bills_of(connection, insured.family_id, today=date(2026, 1, 5))
        expected = await explain_bill(connection, insured.family_id, bill)
    query = "query ($id: ID!) { bills(family: $id, first: 1) { nodes { " + EXPLAINED + "} } }"

    data = await frontend.data(query % "explanation", id=insured.keys["family"])

    (told,) = data["bills"]["nodes"]
    assert told["explanation"] == written(expected)
    assert "revision" in {one["rule"] for one in told["explanation"]["reasons"]}


async def test_cover_is_explained_to_a_family_and_to_whom_its_card_is_shown(
    frontend: Frontend, insured: Insured, pool: Pool, clock: StandingClock
) -> None:
    person = insured.registered.participants[0].participant_id
    async with pool.acquire() as connection:
        expected = await explain_cover(connection, insured.family_id, person, at=clock.now())
    query = "query ($card: CardNumber!) { participant(by: {cardNumber: $card}) { " + EXPLAINED
    query = query % "coverExplanation" + "} }"

    told = [
        (await frontend.data(query, role=role, family_id=family, card=insured.card))["participant"]
        for role, family in ((Role.PARTICIPANT, insured.family_id), (Role.FACILITY, None))
    ]

    assert [one["explanation"] for one in told] == [written(expected)] * 2


async def test_a_plan_explains_its_steps(frontend: Frontend, insured: Insured, pool: Pool) -> None:
    membership = insured.registered.membership_id or 0
    await one_of_everything(pool, family_id=insured.family_id, membership_id=membership)
    async with pool.acquire() as connection:
        expected = await explain_plan(connection, insured.family_id)
    query = (
        "query ($id: ID!) { family(by: {id: $id}) { membership { instalmentPlans { "
        + EXPLAINED % "explanation"
        + "} } } }"
    )

    data = await frontend.data(query, id=insured.keys["family"])

    (plan,) = data["family"]["membership"]["instalmentPlans"]
    assert plan["explanation"] == written(expected)
