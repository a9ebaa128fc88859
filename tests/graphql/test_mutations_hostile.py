"""Whatever an input holds, a mutation answers in plain words and never crashes."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast
from uuid import uuid4

import httpx
import pytest
from graphql import ListTypeNode, NamedTypeNode, NameNode, NonNullTypeNode, TypeNode, print_ast
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.graphql.global_ids import id_of
from iuran.graphql.limits import Limits
from tests.graphql.conftest import FrontendOf, Insured
from tests.graphql.happy.world import ROWS, World
from tests.graphql.test_mutations_access import ALLOWED, ENUMS, INPUTS, PLAIN, token_of
from tests.graphql.test_mutations_happy import PAYLOADS
from tests.graphql.wishes import wish

GENEROUS = replace(Limits(), points_burst=10**9, lookups_burst=10**9)
BIGINT_MAX = 2**63 - 1
TEXTS = ("", "\x00", "\ud800", "x" * 129, "x" * 1_000, "'; DROP TABLE family; --", None)
HOSTILE: Mapping[str, Sequence[object]] = {
    "String": (*TEXTS, "x" * 256, "0" * 16, "2026-02-30", "0001-01-01"),
    "Int": (0, -1, 13, 32_768, 2**31 - 1, -(2**31), 2**63, 1.5, None),
    "Boolean": (None, "true", True, False),
    "ID": (
        *TEXTS,
        1,
        *(
            id_of(name, *key)
            for name in ("Membership", "Participant", "Refund", "Employment", "ManualChange")
            for key in ((BIGINT_MAX, BIGINT_MAX),)
        ),
        id_of("Family", BIGINT_MAX),
        id_of("Complaint", BIGINT_MAX, BIGINT_MAX),
        id_of("Claim", BIGINT_MAX, BIGINT_MAX),
    ),
    "Rupiah": ("0", "-1", "9" * 18, "-" + "9" * 18, "9" * 5_000, 5, None),
    "Date": ("0001-01-01", "9999-12-31", "1900-01-01", "2100-12-31", "2026-02-30", None),
    "DateTime": (
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "1900-01-01T00:00:00Z",
        "2100-12-31T23:59:59-12:00",
        "2026-01-05T09:00:00",
        None,
    ),
    "CoverageMonth": ("0001-01", "9999-12", "2014-01", "2100-01", "2026-13", None),
    "NIK": ("", "0" * 16, None),
    "FamilyCardNumber": ("", "0" * 16, None),
    "CardNumber": ("", "9" * 13, None),
}
REFUSED_AT_THE_DOOR = 400


def hostile(kind: TypeNode, value: object) -> Iterator[object]:
    """Values like this one, each with one thing in it that nobody expects."""
    if isinstance(kind, NonNullTypeNode):
        yield from hostile(kind.type, value)
    elif isinstance(kind, ListTypeNode):
        # What stands at a list or an object of a happy path is one, or is left out.
        items = cast("list[object]", value or [])
        yield from ([], None, items * 2, items * 101)
        for item in items[:1]:
            yield from ([one, *items[1:]] for one in hostile(kind.type, item))
    elif print_ast(kind) in INPUTS:
        known = cast("dict[str, object]", value or {})
        for field in INPUTS[print_ast(kind)].fields or ():
            name = field.name.value
            if name != "idempotencyKey":
                yield from (known | {name: one} for one in hostile(field.type, known.get(name)))
    else:
        yield from HOSTILE.get(print_ast(kind), ("NIHIL", 1, None))


def input_of(mutation: str) -> NamedTypeNode:
    return NamedTypeNode(name=NameNode(value=f"{mutation[0].upper()}{mutation[1:]}Input"))


def is_calm(answer: httpx.Response, mutation: str) -> bool:
    """Whether it is a typed result, or a clear refusal of the whole request."""
    if answer.status_code == REFUSED_AT_THE_DOOR:
        return "data" not in answer.json() and bool(answer.json()["errors"][0]["message"])
    told: dict[str, Any] = answer.json()
    codes = {error["extensions"]["code"] for error in told.get("errors", ())}
    return answer.is_success and (
        codes == {"BAD_USER_INPUT"} if codes else told["data"][mutation] is not None
    )


@pytest.mark.parametrize("mutation", sorted(ROWS))
async def test_nothing_in_a_field_crashes_a_mutation(
    frontend_of: FrontendOf, pool: Pool, clock: StandingClock, insured: Insured, mutation: str
) -> None:
    """Everything else in the input is as on its happy path, so that it gets as far as it can."""
    world = World(pool=pool, frontend=frontend_of(GENEROUS), clock=clock, insured=insured)
    happy = await ROWS[mutation](world)
    headers = world.frontend.headers(happy.role, **happy.token)
    headers["content-type"] = "application/json"
    crashes: list[object] = []

    for one in hostile(input_of(mutation), happy.given):
        asked = {"idempotencyKey": str(uuid4()), **cast("dict[str, object]", one)}
        body = json.dumps({"query": wish(mutation), "variables": {"input": asked}})
        answer = await world.frontend.client.post("/graphql", content=body, headers=headers)
        if not is_calm(answer, mutation):
            crashes.append((asked, answer.text))

    assert PAYLOADS
    assert not crashes


@st.composite
def inputs(draw: Any, kind: TypeNode) -> object:  # noqa: ANN401 - Hypothesis gives `draw` no type
    """A value of an input type: plausible, hostile, or of another type."""
    if isinstance(kind, NonNullTypeNode):
        return draw(inputs(kind.type))
    if isinstance(kind, ListTypeNode):
        return draw(st.lists(inputs(kind.type), max_size=3))
    name = print_ast(kind)
    if name in INPUTS:
        return {
            field.name.value: draw(inputs(field.type))
            for field in INPUTS[name].fields or ()
            if isinstance(field.type, NonNullTypeNode) or draw(st.booleans())
        }
    plausible = [PLAIN[name]] if name in PLAIN else [ENUMS.get(name, str(uuid4()))]
    return draw(
        st.one_of(
            st.sampled_from([*plausible, *HOSTILE.get(name, ())]),
            st.text(max_size=300),
            st.integers(),
            st.dates().map(str),
        )
        if draw(st.integers(0, 2))
        else st.just(plausible[0])
    )


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
async def test_no_invented_input_crashes_a_mutation(
    frontend_of: FrontendOf, data: st.DataObject
) -> None:
    mutation = data.draw(st.sampled_from(sorted(ALLOWED)))
    role = data.draw(st.sampled_from(sorted(ALLOWED[mutation])))
    asked = data.draw(inputs(input_of(mutation)))
    frontend = frontend_of(GENEROUS)

    answer = await frontend.client.post(
        "/graphql",
        content=json.dumps({"query": wish(mutation), "variables": {"input": asked}}),
        headers={**frontend.headers(**token_of(role, 1)), "content-type": "application/json"},
    )

    assert is_calm(answer, mutation), (mutation, asked, answer.text)
