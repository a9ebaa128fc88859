"""Every mutation does what it says, once: a row of `tests/graphql/happy` for each.

A new mutation fails here until it has a row.
"""

import asyncio
from functools import partial
from operator import itemgetter

import pytest
from graphql import ObjectTypeDefinitionNode, parse, print_ast

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.graphql import changes
from iuran.graphql.compiler.answers import CompiledReads
from iuran.graphql.compiler.refusals import NotCompilableError
from iuran.graphql.sdl import sdl
from iuran.payments.waiting import waiting_disagreements
from tests.graphql.conftest import Frontend, Insured, code_of
from tests.graphql.happy import care, house, money, people
from tests.graphql.happy.world import ROWS, World
from tests.graphql.test_compiler import executions
from tests.graphql.test_mutations_access import ENUMS, MUTATIONS, PLAIN
from tests.graphql.wishes import wish as asked_for
from tests.graphql.wishes import wished

KEY = "0f8e8d7e-happy"
LEAVES = {*ENUMS, *PLAIN, "ID"}
PAYLOADS = {
    definition.name.value: [
        name if leaf in LEAVES else f"{name} {{ __typename }}"
        for field in definition.fields or ()
        for name, leaf in [(field.name.value, print_ast(field.type).strip("[]!"))]
        if name not in {"replayed", "secret"}
    ]
    for definition in parse(sdl()).definitions
    if isinstance(definition, ObjectTypeDefinitionNode)
    and definition.name.value.endswith("Payload")
}
"""All that each payload tells, but for secrets, which it tells once."""


@pytest.fixture
def world(frontend: Frontend, pool: Pool, clock: StandingClock, insured: Insured) -> World:
    return World(pool=pool, frontend=frontend, clock=clock, insured=insured)


def test_every_mutation_has_a_happy_path() -> None:
    entered_by = {one.__module__ for one in ROWS.values()}

    assert set(ROWS) == set(MUTATIONS)
    assert entered_by == {one.__name__ for one in (care, house, money, people)}


@pytest.mark.parametrize("mutation", sorted(ROWS))
async def test_what_is_wished_is_done_wholly_and_once_under_its_key(
    world: World, mutation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It crashes at its last step, and nothing is done; sent again, twice at once, it is done.

    Its payload is read in its transaction by one statement, and by resolvers it reads the same.
    """
    happy = await ROWS[mutation](world)
    payload = f"{mutation[0].upper()}{mutation[1:]}Payload"
    selected = " ".join(["replayed", *PAYLOADS[payload]])
    before = await world.pool.fetchval(happy.effect)
    wish = partial(
        wished, world.frontend, mutation, selected=selected, role=happy.role, **happy.token
    )
    given = {"idempotencyKey": KEY, **happy.given}

    with monkeypatch.context() as patched:
        patched.setattr(changes, "keep_answer", crash)
        crashed = await world.frontend.client.post(
            "/graphql",
            json={"query": asked_for(mutation, selected), "variables": {"input": given}},
            headers=world.frontend.headers(happy.role, **happy.token),
        )
    nothing = await world.pool.fetchval(happy.effect)
    left_to_resolvers = executions("mutation, selection")
    twins = await asyncio.gather(wish(given=given), wish(given=given))
    done = await world.pool.fetchval(happy.effect)
    assert executions("mutation, selection") == left_to_resolvers
    with monkeypatch.context() as patched:
        patched.setattr(CompiledReads, "payload", refuse)
        plain = await wish(given=given)
    other = await wish(given=given | happy.another)

    first, second = sorted(twins, key=itemgetter("replayed"))
    assert code_of(crashed.json()) == "INTERNAL"
    assert nothing == before != happy.became
    assert first["__typename"] == payload, first
    assert None not in [first[name.split()[0]] for name in PAYLOADS[payload] if name != "fine"]
    assert second == plain == {**first, "replayed": True}
    assert other["__typename"] == "IdempotencyKeyReused"
    assert [done, await world.pool.fetchval(happy.effect)] == [happy.became] * 2
    async with world.pool.acquire() as connection:
        assert await waiting_disagreements(connection) == ()


async def crash(*_: object) -> None:
    raise RuntimeError("the process is killed")


async def refuse(*_: object, **__: object) -> None:
    raise NotCompilableError("the test wants resolvers to read it")
