"""Reads are compiled: everything is declared, the journeys are answered in one statement."""

import json
from dataclasses import replace
from datetime import datetime

import pytest
from graphql import FieldNode, GraphQLObjectType, GraphQLScalarType
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from iuran.core.clock import WIB
from iuran.core.database.pool import Pool
from iuran.graphql.compiler.answers import CompiledReads, Wanted
from iuran.graphql.compiler.declarations import Fallback
from iuran.graphql.compiler.plans import PLANS_OF_AN_OPERATION_MAX, Plans
from iuran.graphql.compiler.refusals import SurpriseError
from iuran.graphql.declared import SOURCES, declarations_of
from iuran.graphql.documents import Documents
from iuran.graphql.global_ids import id_of
from iuran.graphql.identity import Role, Viewer
from iuran.graphql.limits import Limits
from iuran.graphql.queries import ROOTS
from iuran.graphql.reads.reading import Question
from iuran.graphql.schema import executable_schema
from iuran.graphql.scope import Scope
from tests.builders import a_channel, a_family, an_active_family
from tests.graphql.conftest import Frontend, FrontendOf, Insured
from tests.graphql.test_access import EVERYTHING
from tests.graphql.test_queries import JOURNEY

SCHEMA = executable_schema()
WRITTEN_BY_PAGES = ("Connection", "Edge", "PageInfo")
ANSWERED_BY_CHANGES = ("Mutation", "Payload")
TOLD = ("Subscription",)


def executions(way: str) -> float:
    return REGISTRY.get_sample_value("iuran_graphql_executions_total", {"way": way}) or 0


def fields_of_objects() -> list[tuple[str, str]]:
    return [
        (name, field)
        for name, found in SCHEMA.type_map.items()
        if isinstance(found, GraphQLObjectType)
        and not name.startswith("__")
        and not name.endswith(WRITTEN_BY_PAGES + ANSWERED_BY_CHANGES + TOLD)
        and "Problem" not in {interface.name for interface in found.interfaces}
        for field in found.fields
    ]


@pytest.mark.parametrize(("type_name", "field"), fields_of_objects())
def test_every_field_of_the_schema_says_how_it_is_read(type_name: str, field: str) -> None:
    declarations = declarations_of(SCHEMA)

    if type_name == "Query":
        assert field in declarations.roots
        return
    source = declarations.sources[type_name]

    assert field in source.fields or (field == "id" and source.key)


def test_nothing_is_declared_that_the_schema_does_not_have() -> None:
    declared = {(source.type_name, field) for source in SOURCES for field in source.fields}

    assert declared <= set(fields_of_objects())
    assert len({source.type_name for source in SOURCES}) == len(SOURCES)


def test_what_is_left_to_the_plain_executor_says_why() -> None:
    left = {
        (source.type_name, name): declared.why
        for source in SOURCES
        for name, declared in source.fields.items()
        if isinstance(declared, Fallback)
    }

    left |= {("Query", n): root.why for n, root in ROOTS.items() if isinstance(root, Fallback)}

    assert set(left) == {("Query", "reminderPreview")}
    assert all(left.values())


def test_every_scalar_can_be_written() -> None:
    from iuran.graphql.compiler.kinds import SCALARS  # noqa: PLC0415 - only this test's

    scalars = {n for n, t in SCHEMA.type_map.items() if isinstance(t, GraphQLScalarType)}

    assert scalars - {"Float"} <= set(SCALARS)


async def test_the_journeys_take_one_statement_each_and_never_fall_back(
    frontend: Frontend, insured: Insured
) -> None:
    before = executions("compiled")

    with capture_logs() as logs:
        for role in Role:
            family = insured.family_id if role is Role.PARTICIPANT else None
            await frontend.data(
                JOURNEY, role=role, family_id=family, by={"cardNumber": insured.card}
            )
            await frontend.data(EVERYTHING, role=role, family_id=family, **insured.keys)

    operations = [log for log in logs if log["event"] == "graphql.operation"]
    assert [log for log in logs if log["event"] == "graphql.surprise"] == []
    assert {log["statements"] for log in operations} == {1}
    assert executions("compiled") - before == len(operations) == 2 * len(Role)


async def test_who_asks_for_himself_needs_no_statement(frontend: Frontend) -> None:
    with capture_logs() as logs:
        data = await frontend.data(
            "{ __typename me: viewer { __typename role reach facility } }", role=Role.FACILITY
        )

    assert list(data) == ["__typename", "me"]
    assert data["me"]["reach"] == "PRESENTED_CARDS"
    assert logs[-1]["statements"] == 0


@pytest.mark.parametrize(
    ("query", "way"),
    [
        ("{ __schema { queryType { name } } }", "selection"),
        ('{ node(id: "nonsense") { id } }', "arguments"),
        (
            'query ($first: Int!) { bills(family: "x", first: $first) { nodes { id } } }',
            "arguments",
        ),
    ],
)
async def test_what_cannot_be_compiled_is_answered_plainly_and_counted(
    frontend: Frontend, query: str, way: str
) -> None:
    before = executions(way)

    await frontend.answer(query, role=Role.DEVELOPER, first=0)

    assert executions(way) - before == 1


async def test_a_value_that_is_not_what_the_schema_promises_is_left_to_the_plain_executor(
    frontend: Frontend, insured: Insured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def surprised(*_: object) -> None:
        raise SurpriseError("a null where none may be")

    query = "query ($id: ID!) { node(id: $id) { id } }"
    expected = await frontend.answer(query, id=insured.keys["family"])
    monkeypatch.setattr(CompiledReads, "answer", surprised)

    with capture_logs() as logs:
        answer = await frontend.answer(query, id=insured.keys["family"])

    assert answer == expected
    assert "graphql.surprise" in {log["event"] for log in logs}


async def test_plans_are_kept_within_bounds(
    frontend_of: FrontendOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Plans] = []
    begin = Plans.__init__

    def remembered(plans: Plans, *arguments: object, **more: object) -> None:
        begin(plans, *arguments, **more)  # type: ignore[arg-type] # handed on as they came
        kept.append(plans)

    monkeypatch.setattr(Plans, "__init__", remembered)
    frontend = frontend_of(replace(Limits(), cached_plan_bytes=200_000))

    for first in range(1, 101):
        await frontend.data(
            f"query ($id: ID!, $n: Int!) {{ bills(family: $id, first: $n) {{ f{first % 30}: "
            "nodes { id amount dueDate state } } }",
            id=id_of("Family", 1),
            n=first,
        )

    (plans,) = [one for one in kept if one.size]
    assert 0 < plans.size <= 200_000
    assert plans.size > 20_000
    assert PLANS_OF_AN_OPERATION_MAX < 100


async def test_an_officer_and_a_participant_do_not_share_a_plan(
    frontend: Frontend, pool: Pool
) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    at = datetime(2025, 12, 20, 9, tzinfo=WIB)
    one, _ = await an_active_family(pool, channel, a_family(), first_payment_at=at)
    other, _ = await an_active_family(pool, channel, a_family(), first_payment_at=at)
    query = "query ($id: ID!) { family(by: {id: $id}) { id } }"

    seen = [
        (await frontend.data(query, role=role, family_id=own, id=id_of("Family", asked)))["family"]
        for role, own in (
            (Role.AUDITOR, None),
            (Role.PARTICIPANT, one.family_id),
            (Role.PARTICIPANT, other.family_id),
        )
        for asked in (one.family_id, other.family_id)
    ]

    assert [found is not None for found in seen] == [True, True, True, False, False, True]


async def test_objects_whose_keys_are_known_are_read_as_a_field_selects_them(
    pool: Pool, insured: Insured
) -> None:
    limits = Limits()
    reads = CompiledReads(Plans(declarations_of(SCHEMA), bytes_max=100_000), pool, limits)
    query = """query ($id: ID!, $n: Int!, $no: Boolean!) {
        family(by: {id: $id}) { me: id ...F bills(first: $n) { nodes { state } } } }
        fragment F on Family { participants { name sex @skip(if: $no) } }"""
    variables = {"id": insured.keys["family"], "n": 1, "no": True}
    prepared = Documents(SCHEMA, limits).prepare(
        query, operation_name=None, variables=variables, only_queries=True
    )
    (node,) = prepared.operation.selection_set.selections
    assert isinstance(node, FieldNode)
    wanted = Wanted(type_name="Family", keys=[(987,), (insured.family_id,)], nodes=[node])
    officer = Viewer(subject="x", role=Role.AUDITOR)
    question = Question(
        viewer=officer, scope=Scope.of(officer), at=datetime(2026, 1, 5, tzinfo=WIB)
    )

    async with pool.acquire() as connection:
        text = await reads.objects(connection, prepared, wanted, question, variables=variables)

    assert json.loads(text) == [
        None,
        {
            "me": insured.keys["family"],
            "participants": [{"name": one.name} for one in insured.new.participants],
            "bills": {"nodes": [{"state": "PAID"}]},
        },
    ]
