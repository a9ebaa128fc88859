"""What somebody may ask for in time: told in each answer, and refused when it is spent."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from graphql import ObjectTypeDefinitionNode, parse, print_ast

from iuran.graphql.documents import Documents
from iuran.graphql.identity import Role
from iuran.graphql.limits import Limits
from iuran.graphql.lookups import NUMBERS
from iuran.graphql.schema import executable_schema
from iuran.graphql.sdl import sdl
from tests.graphql.conftest import FrontendOf, code_of
from tests.graphql.wishes import wish

QUERY = "{ viewer { role } }"
BY_CARD = "query ($card: CardNumber!) { participant(by: {cardNumber: $card}) { id } }"
FEW = replace(Limits(), points_per_minute=1, lookups_per_minute=1, organisation_factor=3)


async def test_every_answer_says_what_it_cost_and_what_is_left(frontend_of: FrontendOf) -> None:
    frontend = frontend_of(FEW)

    first, second = [(await frontend.post(QUERY)).json()["extensions"]["cost"] for _ in range(2)]
    refused = (await frontend.post("{ nothing }")).json()["extensions"]["cost"]

    assert (first["requested"], second["requested"], refused["requested"]) == (21, 1, 20)
    assert (first["remaining"], second["remaining"]) == (19_979, 19_978)
    assert datetime.fromisoformat(second["resetAt"]) <= datetime.now(UTC).replace(year=2200)


async def test_who_has_spent_his_points_is_told_when_to_come_back(frontend_of: FrontendOf) -> None:
    frontend = frontend_of(replace(FEW, points_burst=5_000, cost=5_000, preparing_points=4_998))

    fine = [await frontend.post(QUERY) for _ in range(2)]
    refused = await frontend.post(QUERY)
    another = await frontend.post(QUERY, role=Role.AUDITOR)

    assert [answer.status_code for answer in fine] == [200, 200]
    assert refused.status_code == 429
    assert code_of(refused.json()) == "RATE_LIMITED"
    assert "data" not in refused.json()
    assert int(refused.headers["retry-after"]) == 60
    assert another.status_code == 200


async def test_what_must_be_refused_is_not_even_parsed_when_the_points_are_spent(
    frontend_of: FrontendOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    frontend = frontend_of(replace(FEW, points_burst=50, cost=50, preparing_points=20))
    parsed: list[str] = []
    really_parse = Documents._parsed  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - work is counted

    def counting(self: Documents, query: str) -> object:
        parsed.append(query)
        return really_parse(self, query)

    monkeypatch.setattr(Documents, "_parsed", counting)
    codes = [(await frontend.post(f"{{ nothing{n} }}")).status_code for n in range(20)]

    assert len(parsed) == 2
    assert codes == [400] * 2 + [429] * 18


async def test_guessing_card_numbers_is_stopped_while_other_questions_go_on(
    frontend_of: FrontendOf,
) -> None:
    frontend = frontend_of(replace(FEW, lookups_burst=4))

    async def guess(role: Role, times: int) -> list[int]:
        return [
            (await frontend.post(BY_CARD, role=role, card=f"00090000{n:05}")).status_code
            for n in range(times)
        ]

    officer, facility = await guess(Role.BRANCH_OFFICER, 6), await guess(Role.FACILITY, 14)

    assert officer == [200] * 4 + [429] * 2
    assert facility == [200] * 12 + [429] * 2
    assert (await frontend.post(QUERY)).status_code == 200


async def test_guessing_by_changes_is_stopped_too_and_nothing_is_done(
    frontend_of: FrontendOf,
) -> None:
    """A mutation tells as well as a question whether a card is known."""
    frontend = frontend_of(replace(FEW, lookups_burst=4))
    visit = wish("recordVisit")

    def given(number: int) -> dict[str, str]:
        card = f"00090000{number:05}"
        return {"idempotencyKey": f"guess-{number:04}", "cardNumber": card, "careType": "RJTP"}

    statuses = [
        (await frontend.post(visit, role=Role.FACILITY, input=given(n))).status_code
        for n in range(14)
    ]

    assert statuses == [200] * 12 + [429] * 2


NIK = "9901015705900001"
HIDDEN = f"""{{ a: family(by: {{nik: "{NIK}"}}) {{ id }} ...F }}
    fragment F on Query {{ ... {{ b: virtualAccount(number: "8888800000000000") {{ id }} }}
        ...F2 ...F2 }}
    fragment F2 on Query {{ c: family(by: {{familyCardNumber: "{NIK}"}}) {{ id }} }}"""

WORKER = "mutation ($input: ReportWorkerInput!) { reportWorker(input: $input) { __typename } }"
REGISTERED = (
    "mutation ($input: RegisterFamilyInput!) { registerFamily(input: $input) { __typename } }"
)
PLACED = (
    "mutation ($input: ProposeSuspenseAccountInput!) "
    "{ proposeSuspenseAccount(input: $input) { __typename } }"
)


@pytest.mark.parametrize(
    ("query", "variables", "expected"),
    [
        (QUERY, {}, 0),
        ('{ family(by: {id: "x"}) { id } }', {}, 0),
        (f'{{ family(by: {{nik: "{NIK}"}}) {{ id }} }}', {}, 1),
        (HIDDEN, {}, 3),
        ("query ($n: NIK!) { family(by: {nik: $n}) { id } }", {"n": NIK}, 1),
        ("query ($by: FamilyBy!) { family(by: $by) { id } }", {"by": {"id": "x"}}, 0),
        ("query ($by: FamilyBy!) { family(by: $by) { id } }", {"by": {"nik": NIK}}, 1),
        ("query ($by: FamilyBy!) { family(by: $by) { id } }", {"by": "nonsense"}, 0),
        (f'query ($by: FamilyBy = {{nik: "{NIK}"}}) {{ family(by: $by) {{ id }} }}', {}, 1),
        ('{ employer(by: {customerNumber: "80000000001"}) { id } }', {}, 1),
        (WORKER, {"input": {"cardNumber": "0009000000001", "nik": NIK, "reason": NIK}}, 2),
        (REGISTERED, {"input": {"familyCardNumber": NIK, "participants": [{"nik": NIK}] * 3}}, 4),
        (PLACED, {"input": {"customerNumber": "80000000001", "reason": "transfer"}}, 1),
    ],
)
def test_numbers_are_counted_wherever_they_stand(
    query: str, variables: dict[str, object], expected: int
) -> None:
    documents = Documents(executable_schema(), Limits())

    prepared = documents.prepare(
        query, operation_name=None, variables=variables, only_queries=False
    )

    assert prepared.measure.lookups.count(variables) == expected


def test_numbers_are_asked_for_at_the_root_only() -> None:
    """What counts look-ups looks there, and nowhere else."""
    nested = [
        (definition.name.value, field.name.value)
        for definition in parse(sdl()).definitions
        if isinstance(definition, ObjectTypeDefinitionNode)
        and definition.name.value not in {"Query", "Mutation"}
        for field in definition.fields or ()
        for argument in field.arguments or ()
        if print_ast(argument.type).strip("[]!") in NUMBERS
    ]

    assert nested == []
