"""Explanations in GraphQL are those of the domain, word for word."""

from datetime import date
from typing import Any

from iuran.core.bills import bills_of
from iuran.core.clock import StandingClock, wib_date
from iuran.core.database.pool import Pool
from iuran.core.explanations import (
    Explanation,
    explain_bill,
    explain_cover,
    explain_employer_bill,
    explain_plan,
)
from iuran.core.months import CoverageMonth
from iuran.graphql.global_ids import id_of
from iuran.graphql.identity import Role
from iuran.payments.employers import bill_employers
from tests.graphql.conftest import Frontend, Insured
from tests.graphql.everything import one_of_everything
from tests.moments import wib
from tests.payments.payers import an_employer, hired

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


async def test_an_employer_is_told_why_it_is_billed_what_it_is(
    frontend: Frontend, pool: Pool, clock: StandingClock
) -> None:
    employer, _ = await an_employer(pool, at=wib(2026, 1, 2))
    for wage in (6_000_000, 20_000_000):
        await hired(pool, employer, wage=wage, at=wib(2026, 1, 3))
    clock.set(wib(2026, 2, 2))
    async with pool.acquire() as connection, connection.transaction():
        await bill_employers(
            connection,
            employer_from=employer.employer_id,
            employer_to=employer.employer_id,
            month=CoverageMonth(2026, 1),
            at=clock.now(),
        )
        expected = await explain_employer_bill(
            connection, employer.employer_id, CoverageMonth(2026, 1), today=wib_date(clock.now())
        )
    query = (
        "query ($id: ID!) { employer(by: {id: $id}) { bills(first: 9) { nodes { coverageMonth "
        + EXPLAINED % "explanation"
        + "} } } }"
    )

    data = await frontend.data(query, id=id_of("Employer", employer.employer_id))

    told = {one["coverageMonth"]: one for one in data["employer"]["bills"]["nodes"]}
    assert told["2026-01"]["explanation"] == written(expected)
